"""Staff pages."""

from django.urls import path

from deqi.doors.clinic import views

app_name = "clinic"
urlpatterns = [
    path("today/", views.today, name="today"),
]
