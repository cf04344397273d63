"""Keeping a clinic's data: start-up checks, back-ups and restores, the whole record out as open files."""
