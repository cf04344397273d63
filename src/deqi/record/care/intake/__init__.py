"""The story a patient tells before the first visit: its pages as data, and what each answer may be."""
