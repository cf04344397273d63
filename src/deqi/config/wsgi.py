"""The WSGI application that `deqi serve` runs."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deqi.config.settings")
application = get_wsgi_application()

# The pages are loaded before the workers are made, so that the first request of each is as quick as the rest.
get_resolver().url_patterns  # noqa: B018 - loads every view
