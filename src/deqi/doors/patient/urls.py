"""A patient's own pages."""

from django.urls import path

from deqi.doors.patient import views

app_name = "patient"
urlpatterns = [
    path("", views.home, name="home"),
]
