"""Pages behind the link in a message: one question, one tap, no sign-in."""
