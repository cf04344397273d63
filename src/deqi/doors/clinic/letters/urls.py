"""Addresses of the staff pages: letters."""

from django.urls import path

from deqi.doors.clinic.letters import views

urlpatterns = [
    path("patients/<uuid:patient_id>/letters/", views.letters, name="letters"),
    path("patients/<uuid:patient_id>/letters/new/", views.letter_new, name="letter_new"),
    path("letters/<uuid:letter_id>/", views.letter, name="letter"),
    path("letters/<uuid:letter_id>/letter.pdf", views.letter_pdf, name="letter_pdf"),
    path("letters/<uuid:letter_id>/preview.png", views.letter_png, name="letter_png"),
    path("letters/<uuid:letter_id>/send/", views.send, name="letter_send"),
]
