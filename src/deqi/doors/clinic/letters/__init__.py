"""Staff pages: letters."""
