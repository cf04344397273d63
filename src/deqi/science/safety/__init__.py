"""Safety: what to ask, what stops or changes a treatment, and what must be told to whom.

The screen is a table of rules (data), not code; each finding carries its source, how strong that source is and
whether a figure in it is the source's or this project's proposal. A licensed practitioner decides.

Example:
    >>> [flag.id for flag in every_visit_flags()][:2]
    ['gbs-progressive-weakness', 'rapid-numbness']
"""

from deqi.science.knowledge import Problem, gather
from deqi.science.safety.facts import (
    FactDefinition,
    FactGroup,
    checked,
    fact_groups,
    facts,
    in_date,
    is_asked,
)
from deqi.science.safety.places import METHODS, PLANNABLE, UnknownPlan, area_of
from deqi.science.safety.red_flags import RedFlag, every_visit_flags, red_flags, urgency_levels, workup
from deqi.science.safety.rules import Rule, precautions, thresholds
from deqi.science.safety.screen import Finding, Screen, screen
from deqi.science.safety.table import rule_table


def problems() -> list[Problem]:
    """Everything wrong in the safety knowledge files, with file and line. Empty when all is well."""
    # The other files name facts and points: while those files are wrong, their own faults say more.
    return gather([facts, area_of]) or gather([red_flags, workup, precautions])


__all__ = [
    "METHODS",
    "PLANNABLE",
    "FactDefinition",
    "FactGroup",
    "Finding",
    "RedFlag",
    "Rule",
    "Screen",
    "UnknownPlan",
    "checked",
    "every_visit_flags",
    "fact_groups",
    "facts",
    "in_date",
    "is_asked",
    "precautions",
    "problems",
    "red_flags",
    "rule_table",
    "screen",
    "thresholds",
    "urgency_levels",
    "workup",
]
