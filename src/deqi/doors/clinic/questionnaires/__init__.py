"""Staff pages: questionnaires of the clinic, and those of one person."""
