"""Staff pages: practice."""
