"""What the safety screen says about candidate points, side by side.

Points that a stop or avoid finding names are kept off that side. A stop that only waits for the practitioner's
training to be recorded does not hide a point: it stays in the list with that caution, outside the proposed set.

Example: with lymphoedema of the right arm, LI4 is kept off the right and stays on the left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from deqi.science.case import Case
from deqi.science.points.atlas import atlas
from deqi.science.safety import Finding, facts, screen


@dataclass
class LookedAt:
    """`kept_off`: code -> sides barred; `because`: code -> the first finding that says so; `said`: code -> other
    findings about it; `trained_only`: code -> the finding that waits for recorded training."""

    kept_off: dict[str, set[str]] = field(default_factory=dict)
    because: dict[str, Finding] = field(default_factory=dict)
    said: dict[str, list[Finding]] = field(default_factory=dict)
    trained_only: dict[str, Finding] = field(default_factory=dict)
    no_current: frozenset[str] = frozenset()


def looked_at(case: Case, codes: Sequence[str]) -> LookedAt:
    """Screens `codes` for each side, as recorded and as if training were recorded."""
    seen = LookedAt()
    trained = _as_trained(case)
    current: set[str] = set()
    for side in ("left", "right"):
        findings = screen(case, _sided(codes, side), case.modality).findings
        barred = [code for code in codes if any(_bars(f) and code in f.points for f in findings)]
        if barred:
            _bar(seen, screen(trained, _sided(barred, side), case.modality).findings, side)
        for finding in findings:
            if about_current(finding):
                current.update(finding.points)
            for code in finding.points:
                if not _bars(finding):
                    _note(seen, code, finding)
                elif side not in seen.kept_off.get(code, ()):
                    seen.trained_only.setdefault(code, finding)
    seen.no_current = frozenset(current)
    return seen


def _sided(codes: Sequence[str], side: str) -> list[str]:
    return [code if atlas()[code].midline else f"{code}:{side}" for code in codes]


def _bar(seen: LookedAt, findings: Sequence[Finding], side: str) -> None:
    for finding in findings:
        if _bars(finding):
            for code in finding.points:
                seen.kept_off.setdefault(code, set()).add(side)
                seen.because.setdefault(code, finding)


def _note(seen: LookedAt, code: str, finding: Finding) -> None:
    said = seen.said.setdefault(code, [])
    if all((one.id, one.text) != (finding.id, finding.text) for one in said):
        said.append(finding)


def _bars(finding: Finding) -> bool:
    """A stop or avoid finding about needling itself, not about one way of stimulating."""
    return (
        finding.effect in ("stop", "avoid")
        and bool(finding.points)
        and (not finding.methods or "manual" in finding.methods)
    )


def about_current(finding: Finding) -> bool:
    """A stop or avoid finding about electrical stimulation."""
    return finding.effect in ("stop", "avoid") and "electro" in finding.methods


def _as_trained(case: Case) -> Case:
    """The same case with every training fact that nobody answered taken as recorded."""
    open_facts = {key: True for key in facts() if key.startswith("trained_") and key not in case.facts}
    return case.model_copy(update={"facts": {**case.facts, **open_facts}})
