"""Staff pages: review."""
