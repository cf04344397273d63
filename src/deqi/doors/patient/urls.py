"""A patient's own pages."""

from django.urls import path

from deqi.doors.patient import checkin, helping, messages, places, questionnaires, side_effects, views
from deqi.doors.patient.intake import views as intake

app_name = "patient"
urlpatterns = [
    path("", views.home, name="home"),
    path("helping/", helping.helping, name="helping"),
    path("messages/", messages.wanted, name="messages"),
    path("medicines/", views.medicines, name="medicines"),
    path("looked/", views.access_log, name="access_log"),
    path("agreed/", views.consents, name="consents"),
    path("agreed/<slug:kind>/", views.consent, name="consent"),
    path("today/", checkin.begin, name="checkin"),
    path("today/<slug:code>/", checkin.rate, name="rate"),
    path("places/", places.begin, name="places"),
    path("places/<slug:key>/", places.place, name="place"),
    path("side-effects/", side_effects.side_effects, name="side_effects"),
    path("side-effects/<slug:flag>/", side_effects.kept, name="side_effect_kept"),
    path("questionnaires/<uuid:assignment_id>/", questionnaires.begin, name="questionnaire"),
    path(
        "questionnaires/<uuid:assignment_id>/<int:number>/",
        questionnaires.question,
        name="questionnaire_asked",
    ),
    path("questionnaires/<uuid:assignment_id>/all/", questionnaires.everything, name="questionnaire_all"),
    path("questionnaires/<uuid:assignment_id>/send/", questionnaires.send, name="questionnaire_send"),
    path("story/", intake.begin, name="intake"),
    path("story/all/", intake.summary, name="intake_summary"),
    path("story/send/", intake.send, name="intake_send"),
    path("story/<slug:key>/", intake.step, name="intake_step"),
    path("story/<slug:key>/now/", intake.alarm, name="intake_alarm"),
]
