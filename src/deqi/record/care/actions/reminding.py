"""Messages that carry the link: one a day and person at most, in waking hours, never after a stop.

A message names the clinic and nothing about anybody's health. It goes out by whatever Django's e-mail settings name
(files in the clinic's folder by default).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from time import monotonic
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from deqi.record.actor import SYSTEM
from deqi.record.audit.actions import log
from deqi.record.care.codes import symptom_of
from deqi.record.care.links import address_of, link_for
from deqi.record.care.models import Messaging, RatingRequest, Session
from deqi.record.care.queries.asked import decision_on
from deqi.record.patients.models import Consent, Patient
from deqi.record.post import UNSENT, Post, reason
from deqi.record.practice.clock import day_at, local
from deqi.record.practice.models import Organization, Site
from deqi.science.course.asking import REMIND_ON_DAYS

#: When two are open, the one that tells more is sent.
FIRST = {"after": 0, "visit": 1, "review": 2, "baseline": 3, "design": 4}
#: No message is begun after this; the slowest server has let go of the last one before the job's lease ends.
SENDING_FOR_S = 300.0


def send_reminders(now: datetime | None = None) -> dict[str, Any]:
    """The job: mails each person their request of the day. What cannot be sent is tried again the next day.

    The day is claimed before sending, so that no crash and no second worker makes it two. After five minutes the rest is
    left for the next run, as `{"sent": 4000, "left": 6000}`. Raises RuntimeError with the number of messages that
    failed, and why, after the others went out.
    """
    now, until = now or timezone.now(), monotonic() + SENDING_FOR_S
    counted, failed = Counter(sent=0), Counter[str]()
    with Post() as post:
        for request, today in _due(now):
            if monotonic() >= until:
                counted["left"] += 1
            elif _claim(request, today):
                try:
                    post.send(message_for(request))
                except UNSENT as error:
                    failed[reason(error)] += 1
                    continue
                _note_sent(request, today)
                counted["sent"] += 1
    if failed:
        raise RuntimeError(f"{failed.total()} messages could not be sent: {'; '.join(failed)}")
    return dict(counted)


def _due(now: datetime) -> Iterator[tuple[RatingRequest, date]]:
    """What is to be mailed now at the sites that are awake, each with the day it is there."""
    for site in Site.objects.select_related("organization").order_by("id"):
        here = local(site, now)
        if not waking(site.organization, here):
            continue
        due = _to_send(site, here.date())
        Messaging.objects.bulk_create(
            [Messaging(patient_id=request.patient_id) for request in due],
            batch_size=500,
            ignore_conflicts=True,
        )
        for request in due:
            yield request, here.date()


def waking(clinic: Organization, here: datetime) -> bool:
    """Whether a message may go out at this time of day on the site's clock."""
    return clinic.messages_from <= here.time() < clinic.messages_until


def _to_send(site: Site, today: date) -> list[RatingRequest]:
    """One request a person: open, unanswered, due to be mailed today, under consent, not stopped, day not claimed."""
    rows: Iterable[RatingRequest] = (
        RatingRequest.objects.filter(
            site=site, day__lte=today, until__gte=today, withdrawn_at=None, answered_at=None
        )
        .annotate(
            measured=decision_on(Consent.Kind.MEASUREMENT), chance=decision_on(Consent.Kind.SINGLE_CASE)
        )
        .filter(measured=Consent.Decision.GIVEN, patient__archived_at=None)
        .filter(~Q(kind=RatingRequest.Kind.DESIGN) | Q(chance=Consent.Decision.GIVEN))
        .filter(Q(patient__messaging=None) | Q(patient__messaging__stopped_at=None))
        .exclude(patient__messaging__sent_on__gte=today)
        .select_related("patient__user", "site__organization", "course")
        .order_by("day", "id")
    )
    rows = [one for one in rows if (today - one.day).days in REMIND_ON_DAYS and address_of(one.patient)]
    begun = _begun(rows, site, today)
    chosen: dict[Any, RatingRequest] = {}
    for request in rows:
        if (request.course_id, request.kind) in begun:
            continue
        other = chosen.get(request.patient_id)
        if other is None or FIRST[request.kind] < FIRST[other.kind]:
            chosen[request.patient_id] = request
    return list(chosen.values())


def _begun(requests: list[RatingRequest], site: Site, today: date) -> set[tuple[UUID, str]]:
    """(course, kind) that it is too late to ask: a question before the needles when the visit of today has begun, a
    baseline when the first needle was placed. Two statements for each thousand courses."""
    before = ("visit", "design")
    ids, found = list({one.course_id for one in requests if one.kind in (*before, "baseline")}), set()
    for start in range(0, len(ids), 1000):
        sessions = Session.objects.filter(course__in=ids[start : start + 1000]).order_by()
        needled = sessions.filter(needled_at__isnull=False).values_list("course", flat=True)
        found |= {(course, "baseline") for course in needled.distinct()}
        since, until = day_at(site, today)
        opened = sessions.filter(opened_at__gte=since, opened_at__lt=until).values_list("course", flat=True)
        found |= {(course, kind) for course in opened.distinct() for kind in before}
    return found


def _claim(request: RatingRequest, today: date) -> bool:
    """Takes the person's one message of the day, unless somebody has taken it or they stopped meanwhile."""
    free = Messaging.objects.filter(patient_id=request.patient_id, stopped_at=None)
    return bool(free.filter(Q(sent_on=None) | Q(sent_on__lt=today)).update(sent_on=today))


@transaction.atomic
def _note_sent(request: RatingRequest, today: date) -> None:
    """Writes down that the mail went out. A crash before this shows a mail that went out as not mailed."""
    log(SYSTEM, "rating.send", patient_id=request.patient_id, about=request)  # the log is locked first
    request.sent_on, request.sent_count = today, request.sent_count + 1
    request.save(update_fields=["sent_on", "sent_count"])


def message_for(request: RatingRequest) -> EmailMessage:
    """The message itself, with one-click unsubscribing as mail programs know it (RFC 8058)."""
    clinic, stop = request.site.organization.name, link_for(request, "rating:stop")
    asks = _("How is it today? One tap answers, without a password:")
    if request.until > request.day:
        day = f"{request.until:%-d %B}"
        asks = _("How is it now? One tap answers, without a password, until %(day)s:") % {"day": day}
    parts = [
        asks,
        link_for(request),
        *_more_words(request),
        _(
            "Ratings on good days and bad days tell best whether it helps. Nobody reads this message for urgent help."
        ),
        _("Stop these messages: ") + stop,
    ]
    return EmailMessage(
        subject=_("%(clinic)s: one question for you") % {"clinic": clinic},
        body="\n\n".join(parts) + "\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address_of(request.patient)],
        headers={
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )


def _more_words(request: RatingRequest) -> list[str]:
    """A line for the days on which more is asked than ratings, so that nobody is surprised by the number."""
    if all(symptom_of(code) for code in request.codes):
        return []
    return [_("A few more questions than usual follow this time. Each can be skipped.")]


def messages_of(patient: Patient) -> Messaging:
    """Whether messages are wanted (not saved when nothing was ever said)."""
    return Messaging.objects.filter(patient=patient).first() or Messaging(patient=patient)


def last_mailed(patient: Patient) -> date | None:
    """The day on which a message last went out; one that failed does not count."""
    found: date | None = RatingRequest.objects.filter(patient=patient).aggregate(at=Max("sent_on"))["at"]
    return found


def next_ask_words(clinic: Organization) -> str:
    """When messages come, in words, e.g. `between 9:00 and 20:00`."""
    first, last = clinic.messages_from, clinic.messages_until
    return _("between %(first)s and %(last)s") % {
        "first": f"{first.hour}:{first:%M}",
        "last": f"{last.hour}:{last:%M}",
    }
