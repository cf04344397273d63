"""A patient's own pages."""

from django.urls import path

from deqi.doors.patient import views
from deqi.doors.patient.intake import views as intake

app_name = "patient"
urlpatterns = [
    path("", views.home, name="home"),
    path("story/", intake.begin, name="intake"),
    path("story/all/", intake.summary, name="intake_summary"),
    path("story/send/", intake.send, name="intake_send"),
    path("story/<slug:key>/", intake.step, name="intake_step"),
    path("story/<slug:key>/now/", intake.alarm, name="intake_alarm"),
]
