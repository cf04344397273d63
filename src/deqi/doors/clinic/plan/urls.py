"""Addresses of the staff pages: plan."""

urlpatterns: list = []
