"""Addresses of the staff pages: plan."""

from django.urls import path

from deqi.doors.clinic.plan import views

urlpatterns = [
    path("patients/<uuid:patient_id>/courses/", views.courses, name="courses"),
    path("patients/<uuid:patient_id>/courses/new/", views.course_new, name="course_new"),
    path("courses/<uuid:course_id>/", views.course, name="course"),
    path("courses/<uuid:course_id>/end/", views.end, name="course_end"),
]
