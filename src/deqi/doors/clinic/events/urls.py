"""Addresses of the staff pages: events."""

urlpatterns: list = []
