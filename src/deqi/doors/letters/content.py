"""What a letter says: lines drawn from the record for a draft, and the whole letter for the page.

The writer reads and changes every line. Nothing here advises on a medicine or names a new diagnosis.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils import timezone

from deqi.record.care.models import Letter, Review
from deqi.record.care.queries.case import case_of
from deqi.record.care.queries.letters import LetterMatter
from deqi.record.patients.actions.history import CAUSES
from deqi.record.practice.clock import local
from deqi.record.practice.models import Organization
from deqi.science.evidence import answer
from deqi.science.measures import examination_items, global_change_steps, symptoms
from deqi.science.measures.items import SIDES
from deqi.science.safety import red_flags, screen, workup

URGENCY = {
    "emergency_now": "Emergency, by telephone now",
    "same_day": "Today, by telephone first",
    "within_2_weeks": "Within two weeks",
    "routine": "Routine",
}
PARTS = {
    "reason": "Why this person comes",
    "findings": "Findings",
    "treatment": "Treatment",
    "response": "Response so far",
    "safety": "Safety",
    "medicines": "Medicines, as told to us",
    "plan": "Plan",
    "evidence": "How sure the evidence is",
}
#: Diagnoses for which trials are pooled.
POOLED = ("dpn", "cipn", "cts", "phn", "hiv_sn")
COMPLEMENTARY = (
    "Acupuncture here is complementary: it goes beside your care and does not replace it. "
    "We gave no advice to change a medicine."
)


def day(moment: date) -> str:
    return f"{moment.day} {moment:%b %Y}"


def _on(matter: LetterMatter, moment: datetime) -> date:
    """The day it was at the person's site."""
    return local(matter.patient.home_site, moment).date()


def first_draft(matter: LetterMatter, *, kind: str, flag: str = "") -> dict[str, Any]:
    """The first values of the form, each part as lines."""
    return {
        "to": next((row["id"] for row in matter.lists["providers"]), None),
        "urgency": _urgency(flag) if kind == "referral" else "routine",
        "asked_first": _asked(matter, kind, flag),
        "reason": "\n".join(reason_lines(matter)),
        "findings": "\n".join(finding_lines(matter)),
        "treatment": "\n".join(treatment_lines(matter)),
        "response": "\n".join(response_lines(matter.review)),
        "safety": "\n".join(safety_lines(matter, flag)),
        "medicines": "\n".join(medicine_lines(matter)),
        "plan": "\n".join(plan_lines(matter, kind)),
        "evidence": "" if kind == "referral" else evidence_line(matter),
    }


def _urgency(flag: str) -> str:
    return next((str(one.urgency) for one in red_flags() if one.id == flag), "same_day")


def _asked(matter: LetterMatter, kind: str, flag: str) -> str:
    found = next((one for one in red_flags() if one.id == flag), None)
    if kind == "referral" and found:
        return (
            f"Please see {matter.patient.name}: {found.title[0].lower() + found.title[1:]}. To: {found.to}."
        )
    if kind == "referral":
        return f"Please see {matter.patient.name}."
    missing = missing_tests(matter)
    if missing:
        return f"Please tell us whether these were done, and the results: {', '.join(missing[:5])}."
    return "Nothing is asked of you; this is for your information."


def missing_tests(matter: LetterMatter) -> list[str]:
    """Tests of the ordinary work-up that the record marks as missing."""
    condition = matter.known.condition()
    held = (condition or {}).get("work_up") or {}
    return [
        test.test
        for test in workup().tests
        if isinstance(held.get(test.key), dict) and held[test.key].get("state") == "missing"
    ]


def reason_lines(matter: LetterMatter) -> list[str]:
    condition = matter.known.condition(matter.course.condition_id if matter.course else None)
    if condition is None:
        return ["Symptoms of neuropathy; the cause is not recorded with us."]
    code = f" ({condition['icd10']})" if condition["icd10"] else ""
    since = f", since {condition['onset']:%b %Y}" if condition["onset"] else ""
    by = f", diagnosed by {condition['diagnosed_by']}" if condition["diagnosed_by"] else ""
    label = condition["label"] or CAUSES.get(condition["condition"], "Neuropathy")
    return [f"{label}{code}{since}{by}."]


def finding_lines(matter: LetterMatter) -> list[str]:
    """The newest examination: filament, vibration, reflexes, how far up."""
    newest: dict[str, tuple[float, date]] = {}
    for row in matter.lists["examined"]:
        newest.setdefault(row["code"], (float(row["value"]), _on(matter, row["effective_at"])))
    if not newest:
        return ["No bedside examination recorded yet."]
    when = max(at for _, at in newest.values())
    lines = []
    touches = [key for key in examination_items() if key.startswith("filament_")]
    felt = {
        side: [newest[f"{key}_{side}"][0] for key in touches if f"{key}_{side}" in newest] for side in SIDES
    }
    if any(felt.values()):
        said = ", ".join(f"{side} {sum(v):g} of {3 * len(v)}" for side, v in felt.items() if v)
        lines.append(f"10 g filament, touches felt ({day(when)}): {said}.")
    for key in ("vibration_great_toe_8", "ankle_reflex", "great_toe_strength", "touch_loss_extent_cm"):
        sides = [(side, newest[f"{key}_{side}"][0]) for side in SIDES if f"{key}_{side}" in newest]
        if sides:
            item = examination_items()[key]
            said = ", ".join(f"{side} {_said(item, value)}" for side, value in sides)
            lines.append(f"{item.label}: {said}.")
    return lines


def _said(item: Any, value: float) -> str:
    return (
        str(item.choices.get(int(value), f"{value:g}"))
        if item.choices
        else f"{value:g} {item.unit or ''}".strip()
    )


def treatment_lines(matter: LetterMatter) -> list[str]:
    """How many sessions since when, how, and what was needled last."""
    last = next(iter(matter.lists["last"]), None)
    if matter.position is None or matter.course is None or last is None:
        return []
    modality = next((row["modality"] for row in matter.known.courses), "manual")
    how = {"electro": "with electrical stimulation", "auricular": "at the ear"}.get(modality, "by hand")
    lines = [
        f"{matter.position.given} sessions since {day(_on(matter, matter.course.opened_at))}, the last on "
        f"{day(_on(matter, last['opened_at']))}; needling {how}, {last['retention_planned_min']} minutes."
    ]
    if last["treatment_line"]:
        lines.append(f"Points last time (international codes): {last['treatment_line'][:220]}.")
    return lines


def evidence_line(matter: LetterMatter) -> str:
    """What trials say about this diagnosis, in one honest line."""
    condition = matter.known.condition()
    name = condition["condition"] if condition else ""
    if name not in POOLED:
        return "We hold no pooled trials for this diagnosis."
    found = answer(name, "pain", "sham").result
    if found is None or not found.k:
        return "For pain against sham needling we hold no trials of this diagnosis that can be pooled."
    return (
        f"For pain against sham needling: {found.k} trial{'' if found.k == 1 else 's'}, "
        f"{found.certainty.level} certainty."
    )


def response_lines(review: Review | None) -> list[str]:
    """The review's judgement in numbers, with how many ratings stand behind each, worse and unclear included."""
    if review is None:
        return ["No review has been held yet."]
    lines = []
    for key, row in review.result["judged"]["symptoms"].items():
        simple, label = row["simple"], symptoms()[key].label
        if simple["enough"]:
            noise = "more than" if simple["beyond_noise"] else "not more than"
            lines.append(
                f"{label}, 0-10, seven-day means: {simple['baseline_mean']:.1f} before, {simple['current_mean']:.1f} now "
                f"({_signed(simple['change'])}; {simple['n_baseline']} and {simple['n_current']} ratings), {noise} day-to-day variation."
            )
        else:
            lines.append(
                f"{label}: not enough ratings yet ({simple['n_baseline']} before, {simple['n_current']} now)."
            )
    step = next((s.label.lower() for s in global_change_steps() if s.value == review.global_change), None)
    if step:
        lines.append(f"In the patient’s own judgement since treatment began: {step}.")
    lines.append("Consistent with many causes; how much is due to the needles cannot be told in one person.")
    return lines


def _signed(change: float) -> str:
    return f"{change:+.1f}".replace("-", "−")


def safety_lines(matter: LetterMatter, flag: str = "") -> list[str]:
    lines = []
    for row in matter.known.flags.values():
        if row["present"] and row["resolved_at"] is None:
            found = next((one for one in red_flags() if one.id == row["flag"]), None)
            name = found.presentation.rstrip(".") if found else row["flag"]
            note = f": {row['note']}" if row["note"] else ""
            lines.append(f"Red flag answered yes on {day(_on(matter, row['asked_at']))}: {name}{note}.")
    asked = len(matter.known.flags)
    if not lines and asked:
        lines.append(f"{asked} red-flag questions asked, none present.")
    said = screen(case_of(matter.patient, matter.course, matter.on, known=matter.known), on=matter.on)
    titles = [
        one.title
        for one in said.findings
        if one.kind == "precaution" and not one.missing and one.effect != "inform"
    ]
    if titles:
        lines.append(f"Needling is changed because of: {'; '.join(titles[:4])}.")
    if matter.lists["events"]:
        kinds: dict[str, int] = {}
        for row in matter.lists["events"]:
            kinds[row["event_type"]] = kinds.get(row["event_type"], 0) + 1
        said_events = ", ".join(f"{kind.replace('_', ' ')} ({count})" for kind, count in kinds.items())
        lines.append(f"Side effects reported: {said_events}.")
    elif matter.position and matter.position.given:
        lines.append("No side effect reported.")
    return lines or ["Red flags have not been asked yet."]


def medicine_lines(matter: LetterMatter) -> list[str]:
    taken = [
        row for row in matter.lists["medicines"] if row["ended_on"] is None or row["ended_on"] > matter.on
    ]
    if not taken:
        return ["None told to us."]
    listed = "; ".join(f"{row['name']} {row['dose_text']}".strip() for row in taken)
    allergies = ", ".join(row["substance"] for row in matter.lists["allergies"])
    return [f"{listed}." + (f" Allergies: {allergies}." if allergies else "")]


def plan_lines(matter: LetterMatter, kind: str) -> list[str]:
    position = matter.position
    lines = []
    if kind == "referral":
        lines.append("No needling until you have seen this person and told us.")
    if position is None or matter.course is None:
        return lines or ["No course of treatment is open."]
    if position.next_review is None:
        lines.append(f"The course has ended after {position.given} sessions.")
    else:
        lines.append(
            f"{position.given} of {position.planned} sessions given; next review after session {position.next_review}."
        )
    if matter.review is not None:
        review = matter.review
        lines.append(
            f"Review of {day(_on(matter, review.at))}: {review.get_decision_display()}. {review.reason}"
        )
    return lines


def parts_of(letter: Letter, matter: LetterMatter) -> dict[str, list[str]]:
    """The lines of each part. A draft that a visit made holds only its red flags: the record fills in the rest."""
    if any(key in letter.body for key in PARTS):
        return {key: list(letter.body.get(key) or []) for key in PARTS}
    flags = letter.body.get("red_flags") or [{}]
    drawn = first_draft(matter, kind=letter.kind, flag=flags[0].get("id", ""))
    parts = {key: [line for line in drawn[key].splitlines() if line] for key in PARTS}
    if letter.body.get("anything_new"):
        parts["safety"].append(f"In the patient’s words: {letter.body['anything_new']}")
    return parts


def whole(
    letter: Letter,
    matter: LetterMatter,
    clinic: Organization,
    *,
    plot_caption: str = "",
    plot_alt: str = "",
    sending: bool = False,
) -> dict[str, Any]:
    """The letter as the page template reads it. A draft says so until it is being sent."""
    parts = parts_of(letter, matter)
    site, patient = matter.patient.home_site, matter.patient
    licence = matter.licence
    gone = letter.sent_at or letter.mailed_at
    draft = gone is None and not sending
    marks = ["Synthetic clinic: this person is made up."] if clinic.synthetic else []
    marks += ["Draft, not sent."] if draft else []
    shared = " Shared with the patient’s consent." if matter.may_send else ""
    title = "Referral" if letter.kind == "referral" else "Report"
    return {
        "title": f"{title}: {patient.name}, born {day(patient.birth_date)}",
        "mark": " ".join(marks),
        "from": {
            "clinic": f"{clinic.name}, {site.name}",
            "place": site.address.replace("\n", ", "),
            "reach": f"Telephone {site.phone}" if site.phone else "",
            "name": letter.written_by.name,
            "title": licence["practitioner__title"] if licence else "",
            "licence": f"Licence: {licence['authority']} {licence['number']}" if licence else "",
        },
        "date": day(_on(matter, gone or timezone.now())),
        "record": str(patient.record_number),
        "to": {"name": letter.to.name, "organisation": letter.to.organisation},
        "ask_label": f"{URGENCY[letter.urgency]}. Asked of you:"
        if letter.kind == "referral" or letter.urgency != "routine"
        else "Asked of you:",
        "ask_colour": "#b3261e" if letter.urgency in ("emergency_now", "same_day") else "#0b6b5b",
        "asked_first": letter.asked_first,
        "parts": [{"title": heading, "lines": parts[key]} for key, heading in PARTS.items() if parts[key]],
        "closing": COMPLEMENTARY,
        "footer": f"{patient.name}, record {patient.record_number}.{shared}",
        "plot_caption": plot_caption,
        "plot_alt": plot_alt,
    }
