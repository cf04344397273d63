"""Staff pages: day."""
