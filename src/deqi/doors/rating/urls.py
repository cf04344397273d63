"""Addresses of the links in messages."""

from django.urls import path

from deqi.doors.rating import views

app_name = "rating"
urlpatterns = [
    path("<str:token>/", views.begin, name="begin"),
    path("<str:token>/done/", views.done, name="done"),
    path("<str:token>/stop/", views.stop, name="stop"),
    path("<str:token>/<slug:code>/", views.rate, name="rate"),
]
