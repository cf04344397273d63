"""Addresses of the staff pages: review."""

urlpatterns: list = []
