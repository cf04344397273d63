"""Addresses of the staff pages: review."""

from django.urls import path

from deqi.doors.clinic.review import views

urlpatterns = [
    path("courses/<uuid:course_id>/review/", views.review, name="review"),
    path("reviews/<uuid:review_id>/", views.held, name="review_held"),
]
