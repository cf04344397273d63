"""The database itself keeps a signed session as it was signed."""

from datetime import UTC, datetime

import pytest
from django.db import Error, transaction

from deqi.record.care.models import Amendment, ElectricalPair, NeedlePlacement, Session
from deqi.record.practice.models import Licence


@pytest.fixture
def signed(people, course):
    """A signed session with one needled point, one electrical pair and one amendment."""
    now = datetime.now(UTC)
    session = Session.objects.create(
        course=course,
        patient=course.patient,
        site=course.site,
        practitioner=course.practitioner,
        licence=Licence.objects.get(practitioner=course.practitioner),
        number=1,
        opened_at=now,
        state="out",
        retention_planned_min=25,
        needled_at=now,
        removed_at=now,
        needles_in=4,
        needles_out=4,
    )
    NeedlePlacement.objects.create(session=session, position=0, code="ST36", side="both", needles=2)
    ElectricalPair.objects.create(session=session, first_code="ST36", second_code="SP6", side="both")
    Session.objects.filter(id=session.id).update(state="signed", signed_at=now, signed_by=people.alice)
    session.refresh_from_db()
    Amendment.objects.create(
        session=session, text="Left, not right", reason="slip", author=people.alice, at=now
    )
    return session


ATTEMPTS = {
    "its note": lambda s: Session.objects.filter(id=s.id).update(note="something else"),
    "its state": lambda s: Session.objects.filter(id=s.id).update(state="open"),
    "the session": lambda s: Session.objects.filter(id=s.id)._raw_delete("default"),
    "a depth": lambda s: s.placements.update(depth_mm=40),
    "a needle taken away": lambda s: s.placements.all()._raw_delete("default"),
    "a needle added": lambda s: NeedlePlacement.objects.create(
        session=s, position=9, code="LI4", side="both", needles=2
    ),
    "a pair": lambda s: s.electrical_pairs.update(current_ma=3),
    "a pair taken away": lambda s: s.electrical_pairs.all()._raw_delete("default"),
    "a pair added": lambda s: ElectricalPair.objects.create(
        session=s, first_code="LI4", second_code="LI11", side="both"
    ),
    "an amendment": lambda s: s.amendments.update(text="changed"),
    "an amendment taken away": lambda s: s.amendments.all()._raw_delete("default"),
}


@pytest.mark.parametrize("what", ATTEMPTS)
def test_the_database_refuses_to_change(what, signed):
    with pytest.raises(Error, match="never changes"), transaction.atomic():
        ATTEMPTS[what](signed)


def test_a_needle_cannot_be_moved_into_a_signed_session(signed, course):
    other = Session.objects.create(
        course=course,
        patient=course.patient,
        site=course.site,
        practitioner=course.practitioner,
        licence=signed.licence,
        number=2,
        opened_at=datetime.now(UTC),
        retention_planned_min=25,
    )
    needle = NeedlePlacement.objects.create(session=other, position=5, code="LI4", side="both", needles=2)
    with pytest.raises(Error, match="never changes"), transaction.atomic():
        NeedlePlacement.objects.filter(id=needle.id).update(session=signed)


def test_an_unsigned_session_can_change(signed, course):
    other = Session.objects.create(
        course=course,
        patient=course.patient,
        site=course.site,
        practitioner=course.practitioner,
        licence=signed.licence,
        number=2,
        opened_at=datetime.now(UTC),
        retention_planned_min=25,
    )
    needle = NeedlePlacement.objects.create(session=other, position=5, code="LI4", side="both", needles=2)
    assert NeedlePlacement.objects.filter(id=needle.id).update(depth_mm=10) == 1
    assert Session.objects.filter(id=other.id).update(note="new") == 1
    needle.delete()
    other.delete()
