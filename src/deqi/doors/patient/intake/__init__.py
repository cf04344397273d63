"""The intake: the story a patient tells, one question a page."""
