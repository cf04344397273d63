"""Django settings."""

SECRET_KEY = "not-yet"
INSTALLED_APPS: list[str] = []
USE_TZ = True
