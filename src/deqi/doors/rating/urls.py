"""Addresses of the links in messages."""

from django.urls import path

from deqi.doors.rating import questionnaires, views

app_name = "rating"
MORE = "<str:token>/more/<uuid:assignment_id>/"
urlpatterns = [
    path("<str:token>/", views.begin, name="begin"),
    path("<str:token>/done/", views.done, name="done"),
    path("<str:token>/stop/", views.stop, name="stop"),
    path("<str:token>/<slug:code>/", views.rate, name="rate"),
    path(MORE, questionnaires.begin, name="questionnaire"),
    path(MORE + "<int:number>/", questionnaires.question, name="questionnaire_asked"),
    path(MORE + "all/", questionnaires.everything, name="questionnaire_all"),
    path(MORE + "send/", questionnaires.send, name="questionnaire_send"),
]
