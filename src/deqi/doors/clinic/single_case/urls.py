"""Addresses of the staff pages: single-case designs."""

from django.urls import path

from deqi.doors.clinic.single_case import views

urlpatterns = [
    path("courses/<uuid:course_id>/chance/", views.single_case, name="single_case"),
    path("courses/<uuid:course_id>/chance/<uuid:case_id>/draw/", views.draw, name="single_case_draw"),
    path("chance/<uuid:case_id>/report.md", views.report, name="single_case_report"),
    path("practice/chance/", views.pooled, name="single_case_pooled"),
    path("practice/chance/<str:design>/<str:symptom>/", views.series, name="single_case_series"),
    path(
        "practice/chance/<str:design>/<str:symptom>/report.md",
        views.series_file,
        name="single_case_series_report",
    ),
    path("practice/chance/data.zip", views.pooled_data, name="single_case_data"),
]
