"""Addresses of the staff pages: visit."""

urlpatterns: list = []
