"""Addresses of the staff pages: the day."""

from django.urls import path

from deqi.doors.clinic.day import views

urlpatterns = [
    path("today/", views.today, name="today"),
    path("appointments/book/", views.book, name="book"),
    path("appointments/<uuid:appointment_id>/<slug:what>/", views.change, name="appointment"),
]
