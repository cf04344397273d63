"""Addresses of the staff pages: people."""

urlpatterns: list = []
