"""Staff pages: visit."""
