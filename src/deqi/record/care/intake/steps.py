"""The pages of the intake in their order, one question a page. Read `story` from top to bottom.

Which pages come depends on what was answered so far: a symptom that is not felt is not rated, a question about
the INR follows only on warfarin. Ratings, safety questions and red flags are taken from the science packages, so
that a question is worded once.

Example:
    >>> [step.key for step in story(Told())][:3]
    ['welcome', 'symptoms', 'since']
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from deqi.record.care.codes import EXPECTATION, GOAL, impact_code, rating_code
from deqi.record.patients.consent_texts import consent_texts
from deqi.science.measures import impact_ratings, symptoms
from deqi.science.safety import RedFlag, fact_groups, facts, is_asked, red_flags

Kind = Literal[
    "read",  # words and a button
    "many",  # any number of choices, and other words
    "scale",  # 0 to 10 -> Observation
    "since",  # year and month -> Observation
    "map",  # regions with 0 to 10 -> SymptomMark
    "text",  # a few words -> Observation
    "medicines",  # name and dose, any number -> Medication
    "allergies",  # substance and reaction, any number -> Allergy
    "yes_no",  # yes, no, not sure -> SafetyFact
    "number",  # a number with its unit, or not known -> SafetyFact
    "date",  # a day, or not known -> SafetyFact
    "choice",  # one or several, or not known -> SafetyFact
    "flag",  # yes, no, not sure -> RedFlagAnswer
    "consent",  # agreed or not, with a name -> Consent
]
#: The parts, as the progress line names them.
PARTS = {
    "start": _("Before we begin"),
    "feel": _("What you feel"),
    "where": _("Where you feel it"),
    "flags": _("Signs that need a doctor first"),
    "life": _("How it limits you"),
    "health": _("Your health"),
    "safety": _("What keeps you safe"),
    "hope": _("What you expect"),
    "agree": _("Your agreement"),
}
#: Diagnoses that bear on neuropathy, in words people use. Others are typed.
DIAGNOSES = {
    "diabetes": _("Diabetes"),
    "chemotherapy": _("Cancer treated with chemotherapy"),
    "b12": _("Low vitamin B12"),
    "thyroid": _("Thyroid disease"),
    "kidney": _("Kidney disease"),
    "liver": _("Liver disease"),
    "shingles": _("Shingles"),
    "hiv": _("HIV"),
    "carpal_tunnel": _("Carpal tunnel syndrome"),
    "back": _("A trapped nerve or disc in the back or neck"),
    "autoimmune": _("An autoimmune disease, such as rheumatoid arthritis"),
    "alcohol": _("Harm from alcohol"),
}
TEXT_LIMIT = 300


@dataclass(frozen=True)
class Step:
    """One page. `about` is the symptom, fact, red flag, consent or code that it asks for."""

    key: str
    part: str
    kind: Kind
    title: Any
    lead: Any = ""
    about: str = ""
    low: Any = ""  # words for 0
    high: Any = ""  # words for 10
    choices: Mapping[str, Any] = field(default_factory=dict)
    optional: bool = False


@dataclass(frozen=True)
class Told:
    """What is known when the pages are laid out: the answers so far, and what the record says of the person.

    `seen_before`: there was a treatment already, so that "since your last treatment" can be asked.
    """

    answers: Mapping[str, Any] = field(default_factory=dict)
    age_years: int | None = None
    sex: str | None = None
    seen_before: bool = False

    @property
    def felt(self) -> list[str]:
        """Symptoms that were chosen, in the order of the measures."""
        chosen = (self.answers.get("symptoms") or {}).get("chosen", ())
        return [key for key in symptoms() if key in chosen]

    @property
    def facts(self) -> dict[str, Any]:
        """Facts answered so far (not those answered "not sure"), red flags among them."""
        known: dict[str, Any] = {"age_years": self.age_years, "sex": self.sex}
        for key, answer in self.answers.items():
            if key.startswith("fact-"):
                known[key.removeprefix("fact-")] = answer.get("value")
            elif key.startswith("flag-") and answer.get("value") is not None:
                known[_flag(key.removeprefix("flag-")).fact] = answer["value"]
        return {key: value for key, value in known.items() if value is not None}


def story(told: Told) -> list[Step]:
    """Every page for this person, in order, as far as is known now."""
    return list(_pages(told))


def _pages(told: Told) -> Iterator[Step]:
    yield Step(
        "welcome",
        "start",
        "read",
        _("Tell us your story once"),
        _("It takes about 15 minutes. Each answer is kept as you give it, so you can stop and come back."),
    )
    yield from _what_you_feel(told)
    yield from _where(told)
    yield from _flags(told)
    yield from _limits(told)
    yield from _health()
    yield from _safety(told)
    yield Step(
        "expectation",
        "hope",
        "scale",
        _("How much do you expect acupuncture to help you?"),
        _("There is no right answer. We ask because hopes can colour how a treatment feels."),
        about=EXPECTATION,
        low=_("not at all"),
        high=_("as much as can be"),
    )
    for kind, text in consent_texts().items():
        yield Step(f"consent-{kind}", "agree", "consent", _(text.title), about=kind)


def _what_you_feel(told: Told) -> Iterator[Step]:
    yield Step(
        "symptoms",
        "feel",
        "many",
        _("Which of these do you feel?"),
        _("In your hands or feet, in the last weeks. Choose every one that fits."),
        choices={key: symptom.label for key, symptom in symptoms().items()},
    )
    for key in told.felt:
        symptom = symptoms()[key]
        for kind in ("average", "worst"):
            yield Step(
                f"{key}-{kind}",
                "feel",
                "scale",
                _(symptom.question("24h", kind)),
                _(symptom.explanation) if kind == "average" else "",
                about=rating_code(key, kind),
                low=_(symptom.anchor_0),
                high=_(symptom.anchor_10),
            )
    yield Step("since", "feel", "since", _("When did it begin?"), _("About is good enough."), optional=True)


def _where(told: Told) -> Iterator[Step]:
    for key in told.felt:
        yield Step(
            f"where-{key}",
            "where",
            "map",
            _("Where do you feel it?"),
            _(symptoms()[key].label),
            about=key,
            optional=True,
        )


def _limits(told: Told) -> Iterator[Step]:
    for key, rating in impact_ratings().items():
        if not rating.own_activity:
            yield _impact(key)
            continue
        yield Step(
            "activity",
            "life",
            "text",
            _(rating.setup_question or rating.question),
            _("For example: walk to the shop, hold a pen, sleep through."),
            about=GOAL,
            optional=True,
        )
        if (told.answers.get("activity") or {}).get("text"):
            yield _impact(key)


def _impact(key: str) -> Step:
    rating = impact_ratings()[key]
    return Step(
        f"impact-{key}",
        "life",
        "scale",
        _(rating.question),
        about=impact_code(key),
        low=_(rating.anchor_0),
        high=_(rating.anchor_10),
    )


def _health() -> Iterator[Step]:
    yield Step(
        "diagnoses",
        "health",
        "many",
        _("Have you been told that you have any of these?"),
        _("Choose every one that fits. Add others in your own words."),
        choices=DIAGNOSES,
    )
    yield Step(
        "medicines",
        "health",
        "medicines",
        _("Which medicines do you take?"),
        _("Also creams, vitamins and things from the chemist. The box or your repeat slip helps."),
    )
    yield Step(
        "allergies",
        "health",
        "allergies",
        _("Are you allergic to anything?"),
        _("A medicine, a metal, a plaster, a food."),
    )
    yield Step(
        "operations",
        "health",
        "text",
        _("Have you had operations or other illnesses that we should know of?"),
        about="history_illness",
        optional=True,
    )
    yield Step(
        "tried",
        "health",
        "text",
        _("What have you tried for it, and did it help?"),
        about="history_tried",
        optional=True,
    )


def _flags(told: Told) -> Iterator[Step]:
    """The red flags, each with what it depends on before it and what follows from it after it."""
    for flag in red_flags():
        fact = facts()[flag.fact]
        since_treatment = flag.fact.endswith("_after_needling")
        if fact.asked_of != "patient" or (since_treatment and not told.seen_before):
            continue
        for key in fact.asked_if.facts() if fact.asked_if else ():
            yield fact_step(key, part="flags")
        if is_asked(flag.fact, told.facts):
            yield Step(f"flag-{flag.id}", "flags", "flag", _(fact.question or fact.label), about=flag.id)
        for key, other in facts().items():
            follows = other.asked_if is not None and flag.fact in other.asked_if.facts()
            if follows and _is_for_intake(key) and is_asked(key, told.facts):
                yield fact_step(key, part="flags")


def _safety(told: Told) -> Iterator[Step]:
    """Facts the patient can say that hold longer than a day; those of one day are asked at each visit."""
    with_flags = _beside_flags()
    for key in facts():
        if _is_for_intake(key) and key not in with_flags and is_asked(key, told.facts):
            yield fact_step(key)


def _is_for_intake(key: str) -> bool:
    fact = facts()[key]
    return fact.asked_of == "patient" and fact.group != "red_flags" and fact.max_age_days != 0


def _beside_flags() -> set[str]:
    """Facts asked beside a red flag: whether it applies (chemotherapy), or more about it (which foot)."""
    flagged = {flag.fact for flag in red_flags()}
    before = {key for fact in flagged if (need := facts()[fact].asked_if) for key in need.facts()}
    after = {key for key, fact in facts().items() if fact.asked_if and fact.asked_if.facts() & flagged}
    return before | after


def fact_step(key: str, part: str = "safety") -> Step:
    """The page of one safety question."""
    fact = facts()[key]
    titles = {group.key: group.patient_title for group in fact_groups()}
    return Step(
        f"fact-{key}",
        part,
        fact.kind,
        _(fact.question or fact.label),
        _(titles[fact.group]),
        about=key,
        choices={choice.value: _(choice.label) for choice in fact.choices},
    )


def _flag(flag_id: str) -> RedFlag:
    return next(flag for flag in red_flags() if flag.id == flag_id)
