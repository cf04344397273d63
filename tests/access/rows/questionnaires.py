"""Rows behind the addresses of questionnaires."""

from uuid import uuid4

from deqi.record.practice.queries import actor_of
from deqi.record.questionnaires.actions.choosing import choose
from deqi.record.questionnaires.actions.instruments import import_instrument, record_permission
from deqi.record.questionnaires.actions.responses import answer, assign, complete
from tests.access.rows import for_all
from tests.access.rows.clinical import course
from tests.questionnaires import source


def instrument(people):
    manager = actor_of(people.max)
    kept = import_instrument(manager, source())
    if not kept.permissions.exists():
        record_permission(manager, kept.id, uuid4(), who="The owner", statement="For this clinic, by letter.")
    return kept


def assignment(people, patient):
    by = actor_of(people.alice if patient.home_site == people.north else people.dan)
    return assign(by, patient.id, uuid4(), instrument(people).id, where="home")


def response(people, patient):
    asked = assignment(people, patient)
    by = actor_of(people.alice if patient.home_site == people.north else people.dan)
    for link_id, value in (("1", "3"), ("2", "1.5"), ("3", "1")):
        answer(by, patient.id, asked.id, link_id, [value], verb="clinical.write")
    return complete(by, patient.id, asked.id, verb="clinical.write")


def choice(people, patient):
    course(people, patient)
    by = actor_of(people.alice if patient.home_site == people.north else people.dan)
    return choose(by, patient.id, uuid4(), instrument(people).id, ["review"])


def _asked(people, patient):
    return {"patient_id": patient.id, "assignment_id": assignment(people, patient).id}


def _own(people, patient):
    return {"assignment_id": assignment(people, patient).id}


def _answered(people, patient):
    return {"patient_id": patient.id, "response_id": response(people, patient).id}


_one = for_all(lambda people: {"instrument_id": instrument(people).id})
ROWS = {
    "clinic:questionnaire": _one,
    "clinic:questionnaire_file": _one,
    "clinic:questionnaire_permit": _one,
    "clinic:questionnaire_retire": _one,
    "clinic:ask_questionnaire": _asked,
    "clinic:ask_questionnaire_asked": lambda people, patient: {**_asked(people, patient), "number": 1},
    "clinic:ask_questionnaire_all": _asked,
    "clinic:ask_questionnaire_send": _asked,
    "clinic:withdraw_questionnaire": _asked,
    "clinic:stop_questionnaire": lambda people, patient: {
        "patient_id": patient.id,
        "choice_id": choice(people, patient).id,
    },
    "clinic:questionnaire_answers": _answered,
    "clinic:amend_questionnaire": _answered,
    "patient:questionnaire": _own,
    "patient:questionnaire_asked": lambda people, patient: {**_own(people, patient), "number": 1},
    "patient:questionnaire_all": _own,
    "patient:questionnaire_send": _own,
}
