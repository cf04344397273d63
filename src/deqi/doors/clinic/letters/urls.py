"""Addresses of the staff pages: letters."""

urlpatterns: list = []
