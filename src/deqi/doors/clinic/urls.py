"""Staff pages, one list an area; all names live in the namespace `clinic`."""

from deqi.doors.clinic.answers.urls import urlpatterns as answers
from deqi.doors.clinic.chart.urls import urlpatterns as chart
from deqi.doors.clinic.day.urls import urlpatterns as day
from deqi.doors.clinic.events.urls import urlpatterns as events
from deqi.doors.clinic.letters.urls import urlpatterns as letters
from deqi.doors.clinic.people.urls import urlpatterns as people
from deqi.doors.clinic.plan.urls import urlpatterns as plan
from deqi.doors.clinic.practice.urls import urlpatterns as practice
from deqi.doors.clinic.protocols.urls import urlpatterns as protocols
from deqi.doors.clinic.questionnaires.urls import urlpatterns as questionnaires
from deqi.doors.clinic.review.urls import urlpatterns as review
from deqi.doors.clinic.single_case.urls import urlpatterns as single_case
from deqi.doors.clinic.visit.urls import urlpatterns as visit

app_name = "clinic"
urlpatterns = [
    *day,
    *people,
    *chart,
    *plan,
    *visit,
    *review,
    *single_case,
    *letters,
    *events,
    *answers,
    *practice,
    *protocols,
    *questionnaires,
]
