"""Addresses of the staff pages: response rates."""

from django.urls import path

from deqi.doors.clinic.answers import views

urlpatterns = [path("practice/answers/", views.response_rates, name="response_rates")]
