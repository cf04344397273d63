"""Addresses of the staff pages: chart."""

urlpatterns: list = []
