"""Addresses of the staff pages: visit."""

from django.urls import path

from deqi.doors.clinic.visit import views

ONE = "visits/<uuid:session_id>/"
urlpatterns = [
    path("patients/<uuid:patient_id>/visit/", views.start, name="start_visit"),
    path(ONE, views.visit, name="visit"),
    path(ONE + "try/", views.try_line, name="visit_try"),
    path(ONE + "sign/", views.sign, name="visit_sign"),
    path(ONE + "amend/", views.amend, name="visit_amend"),
    path(ONE + "lift/", views.lift, name="visit_lift"),
    path(ONE + "happened/", views.happened, name="visit_happened"),
    path(ONE + "<slug:what>/", views.do, name="visit_do"),
]
