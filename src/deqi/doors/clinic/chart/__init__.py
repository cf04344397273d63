"""Staff pages: chart."""
