"""Addresses of the staff pages: protocols."""

from django.urls import path

from deqi.doors.clinic.protocols import views

urlpatterns = [
    path("protocols/", views.protocols, name="protocols"),
    path("protocols/try/", views.try_line, name="protocol_try"),
    path("protocols/<uuid:protocol_id>/", views.protocol, name="protocol"),
    path("protocols/<uuid:protocol_id>/copy/", views.copy, name="protocol_copy"),
    path("protocols/<uuid:protocol_id>/retire/", views.retire, name="protocol_retire"),
]
