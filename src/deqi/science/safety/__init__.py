"""Safety: what to ask, what stops or changes a treatment, and what must be told to whom.

The screen is a table of rules (data), not code; each finding carries its source, how strong that source is and
whether a figure in it is the source's or this project's proposal. A licensed practitioner decides.

Example:
    >>> [flag.id for flag in every_visit_flags()][:2]
    ['gbs-progressive-weakness', 'rapid-numbness']
"""

from deqi.science.knowledge import Problem, gather
from deqi.science.safety.clean_needle import (
    clean_needle_file,
    clean_needle_steps,
    consent_needs,
    session_card,
    shaft_warning,
)
from deqi.science.safety.coordination import (
    coordination_file,
    icd10,
    icd10_codes,
    letter_kinds,
    letter_parts,
    needed_back,
)
from deqi.science.safety.events import (
    EventType,
    PublishedRate,
    adverse_event_file,
    adverse_event_types,
    causality_categories,
    contradictions,
    event_groups,
    grades,
    missing_fields,
    published_rates,
    seriousness_criteria,
)
from deqi.science.safety.facts import (
    FactDefinition,
    FactGroup,
    checked,
    fact_groups,
    facts,
    in_date,
    is_asked,
)
from deqi.science.safety.licensure import jurisdictions, licence_record, licensure, licensure_file
from deqi.science.safety.places import METHODS, PLANNABLE, UnknownPlan, area_of
from deqi.science.safety.rates import MixedDenominators, Rate, pooled, rate
from deqi.science.safety.red_flags import RedFlag, every_visit_flags, red_flags, urgency_levels, workup
from deqi.science.safety.rules import Rule, precautions, thresholds
from deqi.science.safety.screen import Finding, Screen, screen
from deqi.science.safety.table import rule_table


def problems() -> list[Problem]:
    """Everything wrong in the safety knowledge files, with file and line. Empty when all is well."""
    # The other files name facts and points: while those files are wrong, their own faults say more.
    return gather([facts, area_of]) or gather(
        [
            red_flags,
            workup,
            precautions,
            adverse_event_file,
            clean_needle_file,
            licensure_file,
            coordination_file,
        ]
    )


__all__ = [
    "METHODS",
    "PLANNABLE",
    "EventType",
    "FactDefinition",
    "FactGroup",
    "Finding",
    "MixedDenominators",
    "PublishedRate",
    "Rate",
    "RedFlag",
    "Rule",
    "Screen",
    "UnknownPlan",
    "adverse_event_types",
    "causality_categories",
    "checked",
    "clean_needle_steps",
    "consent_needs",
    "contradictions",
    "event_groups",
    "every_visit_flags",
    "fact_groups",
    "facts",
    "grades",
    "icd10",
    "icd10_codes",
    "in_date",
    "is_asked",
    "jurisdictions",
    "letter_kinds",
    "letter_parts",
    "licence_record",
    "licensure",
    "missing_fields",
    "needed_back",
    "pooled",
    "precautions",
    "problems",
    "published_rates",
    "rate",
    "red_flags",
    "rule_table",
    "screen",
    "seriousness_criteria",
    "session_card",
    "shaft_warning",
    "thresholds",
    "urgency_levels",
    "workup",
]
