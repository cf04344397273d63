"""Nothing is logged that a patient could not read in plain words."""

import ast
from pathlib import Path

import deqi
from deqi.doors.clinic.practice.words import MAY
from deqi.record.audit.words import WORDS
from deqi.record.permissions import TABLE
from deqi.record.practice.actions.signins import EVENTS

SOURCES = Path(deqi.__file__).parent


def verbs_logged() -> set[str]:
    """Every literal that any call of `log`, `patient_for` or a helper of them passes as a verb."""
    found = set()
    for file in (SOURCES / "record").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name not in ("log", "patient_for", "session_for", "course_for"):
                continue
            for inner in [n for a in [*node.args, *(k.value for k in node.keywords)] for n in ast.walk(a)]:
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    family, dot, rest = inner.value.partition(".")
                    if dot and family.isalpha() and rest.replace("_", "").isalpha():
                        found.add(inner.value)
    return found


def test_every_verb_that_is_logged_has_words():
    missing = verbs_logged() - set(WORDS)
    assert not missing, f"say these in deqi/record/audit/words.py: {', '.join(sorted(missing))}"


def test_every_verb_of_the_permission_table_and_of_the_door_has_words():
    assert set(TABLE) | {f"signin.{event}" for event in EVENTS} <= set(WORDS)


def test_the_permission_page_says_every_verb():
    assert set(MAY) == set(TABLE)


def test_the_scan_finds_the_verbs_it_should():
    assert {"patient.register", "patient.invite", "invitation.accept", "patient.view"} <= verbs_logged()
