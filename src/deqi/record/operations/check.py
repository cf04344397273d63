"""Is the record sound? The database's own check, the audit chain, and the invariants, over every row."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q

from deqi.record.audit.chain import verify_chain
from deqi.record.care.models import (
    Course,
    Letter,
    NeedlePlacement,
    Observation,
    RatingRequest,
    SafetyScreen,
    Session,
)
from deqi.record.operations.durability import faults
from deqi.record.patients.models import Consent
from deqi.record.practice import sealing

Check = Callable[[], Iterator[str]]


def database() -> Iterator[str]:
    """The engine's own integrity check and the settings that keep a save."""
    yield from faults()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA integrity_check")
            if (answer := cursor.fetchone()[0]) != "ok":
                yield f"SQLite integrity_check: {answer}"
            cursor.execute("PRAGMA foreign_key_check")
            for table, row, parent, _ in cursor.fetchall():
                yield f"{table} row {row} points to a row of {parent} that is not there"


def signed_sessions() -> Iterator[str]:
    """A signed session has its needles counted, a verified licence of its day, a screen and a consent."""
    signed = Session.objects.filter(state=Session.State.SIGNED)
    for session in signed.exclude(needles_in=F("needles_out")).filter(count_reason=""):
        yield f"session {session.id}: {session.needles_in} needles in, {session.needles_out} out, no reason"
    needled = signed.filter(needled_at__isnull=False)
    for session in needled.exclude(Exists(SafetyScreen.objects.filter(session=OuterRef("pk")))):
        yield f"session {session.id}: needled without a safety screen"
    stopped = SafetyScreen.objects.filter(session=OuterRef("pk"), verdict="stop", lifted_by=None)
    later = SafetyScreen.objects.filter(session=OuterRef("pk")).exclude(verdict="stop", lifted_by=None)
    for session in needled.filter(Exists(stopped)).exclude(Exists(later)):
        yield f"session {session.id}: needled under a stop that nobody lifted"
    care = Consent.objects.filter(
        patient=OuterRef("patient"), kind="care", decision="given", at__lte=OuterRef("needled_at")
    )
    for session in needled.exclude(Exists(care)):
        yield f"session {session.id}: needled without a consent to care"
    bad = ~Q(licence__status="active") | Q(licence__verified_on=None)
    for session in needled.filter(bad):
        yield f"session {session.id}: its licence was never verified or is not active any more"
    for session in signed.exclude(Exists(NeedlePlacement.objects.filter(session=OuterRef("pk")))):
        yield f"session {session.id}: signed without a single placement"


def courses() -> Iterator[str]:
    """A running course has a plan, and a review point still to come or already due."""
    for course in Course.objects.exclude(status=Course.Status.ENDED).prefetch_related("revisions"):
        revisions = list(course.revisions.all())
        if not revisions:
            yield f"course {course.id}: no plan"
        elif not max(revisions, key=lambda r: r.number).review_sessions:
            yield f"course {course.id}: no review is planned"


def letters() -> Iterator[str]:
    """A letter that was sent keeps its PDF and the consent it was sent under."""
    for letter in Letter.objects.filter(sent_at__isnull=False).filter(Q(pdf=None) | Q(consent=None)):
        yield f"letter {letter.id}: sent, but its PDF or its consent is not kept"


def baselines() -> Iterator[str]:
    """No answer in a baseline was given after the first needle of its course."""
    before = Session.objects.filter(
        course=OuterRef("request__course"), needled_at__isnull=False, needled_at__lt=OuterRef("effective_at")
    )
    late = Observation.objects.filter(request__kind=RatingRequest.Kind.BASELINE)
    for rating in late.filter(Exists(before)).order_by("id"):
        yield f"observation {rating.id}: in a baseline, but given after the first needle"


CHECKS: dict[str, Check] = {
    "database": database,
    "audit log": verify_chain,
    "signed sessions": signed_sessions,
    "courses": courses,
    "letters": letters,
    "baselines": baselines,
    "second factors": sealing.faults,
}
