"""Addresses of the staff pages: adverse events."""

from django.urls import path

from deqi.doors.clinic.events import views

urlpatterns = [
    path("events/", views.events, name="events"),
    path("events/report/<uuid:patient_id>/", views.report, name="report_event"),
    path("events/<uuid:event_id>/", views.event, name="event"),
    path("events/<uuid:event_id>/assess/", views.assess, name="assess_event"),
]
