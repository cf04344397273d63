"""Staff pages: people."""
