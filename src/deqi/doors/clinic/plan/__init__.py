"""Staff pages: plan."""
