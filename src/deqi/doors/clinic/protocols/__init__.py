"""Staff pages: protocols."""
