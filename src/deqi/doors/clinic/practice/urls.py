"""Addresses of the staff pages: practice."""

urlpatterns: list = []
