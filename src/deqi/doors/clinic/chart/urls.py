"""Addresses of the staff pages: chart."""

from django.urls import path

from deqi.doors.clinic.chart import conduction, history, views

ONE = "patients/<uuid:patient_id>/"
urlpatterns = [
    path(ONE + "chart/", views.chart, name="chart"),
    path(ONE + "safety/", views.safety, name="safety"),
    path(ONE + "safety/record/", views.record_safety, name="record_safety"),
    path(ONE + "safety/flags/<uuid:answer_id>/resolve/", history.resolve_flag, name="resolve_flag"),
    path(ONE + "examinations/new/", views.examine, name="examine"),
    path(ONE + "conduction/", conduction.conduction, name="conduction"),
    path(ONE + "conduction/import/", conduction.take, name="conduction_import"),
    path(ONE + "intake/", history.intake, name="complete_intake"),
    path(ONE + "intake/flags/", history.red_flags_asked, name="record_flags"),
    path(ONE + "intake/facts/", history.facts_asked, name="record_facts"),
    path(ONE + "intake/condition/", history.condition, name="record_condition"),
    path(ONE + "intake/done/", history.complete, name="intake_done"),
    path(ONE + "medicines/", history.add_medicine, name="add_medicine"),
    path(ONE + "medicines/<uuid:medicine_id>/", history.change_medicine, name="change_medicine"),
    path(ONE + "allergies/", history.add_allergy, name="add_allergy"),
    path(ONE + "allergies/<uuid:allergy_id>/end/", history.end_allergy, name="end_allergy"),
]
