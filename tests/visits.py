"""Visits for tests, made by the same actions that the pages use."""

from django.utils import timezone

from deqi.record.care.actions.asking import answer_anything_new, facts_to_ask, flags_to_ask
from deqi.record.care.actions.needling import add_to_line, confirm_carried, needles_in, needles_out
from deqi.record.care.actions.sessions import record_after
from deqi.record.care.actions.signing import sign_session
from deqi.record.care.models import Session
from deqi.record.care.queries.case import known_facts
from deqi.record.patients.models import SafetyFact
from deqi.record.practice.clock import today_at
from deqi.science.safety import facts


def answer_the_core(patient, **yes):
    """Answers to the core questions, as the intake would have recorded them: no, but for `yes`."""
    for key, fact in facts().items():
        if (fact.core and not fact.every_visit and fact.kind == "yes_no") or key in yes:
            SafetyFact.objects.create(
                patient=patient,
                key=key,
                value=yes.get(key, False),
                source="patient",
                answered_at=timezone.now(),
            )


def ask(actor, session, version=None, **yes):
    """ "Anything new?" with every answer no, but for the facts in `yes`."""
    known = known_facts(session.patient, today_at(session.site))
    return answer_anything_new(
        actor,
        session.id,
        Session.objects.get(id=session.id).version if version is None else version,
        text="Nothing new",
        flags={flag.id: yes.get(flag.fact, False) for flag in flags_to_ask(known)},
        today={fact.key: yes.get(fact.key, False) for fact in facts_to_ask(known) if fact.kind == "yes_no"},
    )


def needled(actor, session, line="st36 lr3 b 25mm", count=4):
    """The visit up to the rest."""
    session = ask(actor, session)
    if session.treatment_line:
        confirm_carried(actor, session.id)
    else:
        add_to_line(actor, session.id, session.version, line)
    return needles_in(actor, session.id, count)


def whole_visit(actor, session, line="st36 lr3 b 25mm", count=4, note="Slept well"):
    """An ordinary visit up to the signature."""
    needled(actor, session, line, count)
    session = needles_out(actor, session.id, count)
    record_after(actor, session.id, session.version, comfort_0_10=8, side_effects_asked=True, note=note)
    return sign_session(actor, session.id)
