"""Addresses of the staff pages: the day."""

from django.urls import path

from deqi.doors.clinic.day import views

urlpatterns = [
    path("today/", views.today, name="today"),
]
