"""What was suggested for a visit is kept when its needles go in."""

from __future__ import annotations

from collections.abc import Collection

from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.care.actions.screens import earlier_visits
from deqi.record.care.models import Session, SuggestionShown
from deqi.record.care.queries.case import case_of
from deqi.record.care.suggested import offer
from deqi.record.practice.clock import today_at


def keep_suggestion(actor: Actor, session: Session, standing: Collection[str]) -> SuggestionShown:
    """Inside an action: the ranking as the page showed it with the points `standing` on the line. Kept once."""
    on = today_at(session.site)
    first = session.number == 1 and not earlier_visits(session)
    case = case_of(session.patient, session.course, on, more={"first_session": first})
    made = offer(case, standing)
    shown = set(made.suggested)
    kept, _new = SuggestionShown.objects.get_or_create(
        session=session,
        defaults={
            "at": timezone.now(),
            "by_id": actor.user_id,
            "model_version": str(made.said.model_version),
            "case": case.model_dump(mode="json", exclude={"facts"}),
            "ranked": [
                {
                    "code": one.code,
                    "score": round(one.score, 4),
                    "side": one.side,
                    "role": one.role,
                    "in_set": one.in_set,
                    "shown": one.code in shown,
                }
                for one in made.said.points
            ],
            "left_out": [{"code": one.code, "why": one.why} for one in made.said.left_out],
        },
    )
    return kept
