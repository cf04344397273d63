"""Public pages."""

from django.urls import path

from deqi.doors.learn import evidence, explorer, points, views

app_name = "learn"
urlpatterns = [
    path("", views.front, name="front"),
    path("help/", evidence.help_page, name="help"),
    path("points/", points.atlas_page, name="points"),
    path("points/<str:code>/", points.point_page, name="point"),
    path("evidence/", evidence.overview, name="evidence"),
    path("evidence/trials/", evidence.trial_list, name="trials"),
    path("evidence/trials/<slug:key>/", evidence.trial_page, name="trial"),
    path("evidence/mechanisms/<slug:key>/", evidence.mechanism_page, name="mechanism"),
    path("evidence/records/<slug:kind>/<slug:key>/", evidence.record_page, name="record"),
    path("evidence/cite.<str:form>", evidence.cite, name="cite"),
    path("evidence/<slug:condition>/<slug:domain>/", explorer.answer_page, name="answer"),
    path("evidence/<slug:condition>/<slug:domain>/pool.<str:form>", explorer.download, name="pool"),
    path("evidence/<slug:condition>/<slug:domain>/<slug:name>.<str:form>", explorer.figure, name="figure"),
]
