"""Staff pages: single-case designs."""
