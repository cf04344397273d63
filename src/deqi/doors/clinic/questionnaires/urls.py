"""Addresses of the staff pages: questionnaires."""

from django.urls import path

from deqi.doors.clinic.questionnaires import person, views

ALL = "questionnaires/"
ONE = "patients/<uuid:patient_id>/questionnaires/"
ASK = ONE + "<uuid:assignment_id>/"
urlpatterns = [
    path(ALL, views.questionnaires, name="questionnaires"),
    path(ALL + "import/", views.take, name="questionnaire_import"),
    path(ALL + "<uuid:instrument_id>/", views.questionnaire, name="questionnaire"),
    path(ALL + "<uuid:instrument_id>/file/", views.file, name="questionnaire_file"),
    path(ALL + "<uuid:instrument_id>/permit/", views.permit, name="questionnaire_permit"),
    path(ALL + "<uuid:instrument_id>/retire/", views.retire, name="questionnaire_retire"),
    path(ONE, person.questionnaires, name="patient_questionnaires"),
    path(ONE + "give/", person.give, name="give_questionnaire"),
    path(ONE + "choose/", person.choose_one, name="choose_questionnaire"),
    path(ONE + "chosen/<uuid:choice_id>/stop/", person.stop_one, name="stop_questionnaire"),
    path(ASK, person.begin, name="ask_questionnaire"),
    path(ASK + "<int:number>/", person.question, name="ask_questionnaire_asked"),
    path(ASK + "all/", person.everything, name="ask_questionnaire_all"),
    path(ASK + "send/", person.send, name="ask_questionnaire_send"),
    path(ASK + "withdraw/", person.take_back, name="withdraw_questionnaire"),
    path(ONE + "answers/<uuid:response_id>/", person.answers, name="questionnaire_answers"),
    path(ONE + "answers/<uuid:response_id>/amend/", person.correct, name="amend_questionnaire"),
]
