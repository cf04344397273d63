"""Addresses of the staff pages: people."""

from django.urls import path

from deqi.doors.clinic.people import consents, views

ONE = "patients/<uuid:patient_id>/"
urlpatterns = [
    path("patients/", views.patients, name="patients"),
    path("patients/new/", views.register, name="register"),
    path(ONE + "details/", views.patient, name="patient"),
    path(ONE + "details/edit/", views.edit, name="edit_patient"),
    path(ONE + "doctors/", views.add_provider, name="add_provider"),
    path(ONE + "doctors/<uuid:provider_id>/end/", views.end_provider, name="end_provider"),
    path(ONE + "contacts/", views.add_contact, name="add_contact"),
    path(ONE + "contacts/<uuid:contact_id>/remove/", views.remove_contact, name="remove_contact"),
    path(ONE + "invite/", views.invite, name="invite"),
    path(ONE + "consents/", consents.consents, name="consents"),
    path(ONE + "share/", views.share, name="share_patient"),
    path(ONE + "share/<int:share_id>/end/", views.end_share, name="end_share"),
]
