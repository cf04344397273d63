"""The door itself: sign-in, second factors, invitations, drafts, the end of a session."""
