"""Public pages."""

from django.urls import path

from deqi.doors.learn import views

app_name = "learn"
urlpatterns = [
    path("", views.front, name="front"),
]
