"""The validation report as Markdown and its figures as Vega-Lite specs, from what `validate` found. Failures included."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

from deqi.science.course.charts import SCHEMA, Spec, chart_config
from deqi.science.course.simulate import WORLDS
from deqi.science.course.validate import LEVELS

NAMES = {
    "drop": "drop of the level",
    "next_week": "mean of next week's ratings",
    "effect": "total effect E",
    "baseline": "baseline b",
    "day_sd": "day-to-day SD s",
    "lag_one": "correlation of neighbouring days r",
    "half_weeks": "weeks to half the effect",
    "wander": "wander q",
    "fading_weeks": "fading lambda",
}


def report(found: Mapping[str, Any]) -> str:
    """The whole report. Targets are named beside every figure, and a missed one says so."""
    worlds = found["worlds"]
    parts = [
        "# Validation of the course model\n",
        f"Model {found['model_version']}, seed {found['seed']}. Made by `deqi course validate`; synthetic courses only, so "
        "it says whether the computation is right and how it bends when an assumption breaks. It does not say that the "
        "assumptions hold for real patients: only a registry can.\n",
        _ranks(found),
        _coverage(worlds),
        _probabilities(worlds),
        _schedule(found["schedule"]),
        _summary(found),
    ]
    return "\n".join(parts)


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def _ranks(found: Mapping[str, Any]) -> str:
    rows = []
    for name in found["ranks"]["going_on"]:
        row = [NAMES[name]]
        for kind in ("going_on", "ended"):
            one = found["ranks"][kind][name]
            row += [f"{one['chi2_p']:.3f}", f"{one['ks']:.3f}", f"{one['ks_p']:.3f}"]
        rows.append(row)
    head = ["unknown", "chi-square p", "KS distance", "KS p", "ended: chi-square p", "KS distance", "KS p"]
    return (
        f"## Simulation-based calibration ({found['prior_draws']} draws from the prior)\n\n"
        "Where the truth lies in its posterior must be uniform. Half of the courses are reviewed at week 6 under "
        "treatment, half at week 12 with the last session in week 5 (`ended`). Twenty bins. Among "
        f"{2 * len(rows)} tests of each kind about {0.1 * len(rows):.0f} fall under 0.05 by chance.\n\n"
        + _table(head, rows)
    )


def _coverage(worlds: Mapping[str, Any]) -> str:
    rows = []
    for world, one in worlds.items():
        rows.append(
            [
                world,
                str(one["n"]),
                *(f"{one['drop'][f'{level:g}']:.3f}" for level in LEVELS),
                *(f"{one['next_week'][f'{level:g}']:.3f}" for level in LEVELS),
            ]
        )
    head = [
        "world",
        "n",
        *(f"drop {level:.0%}" for level in LEVELS),
        *(f"next week {level:.0%}" for level in LEVELS),
    ]
    told = "\n".join(f"- `{world}`: {WORLDS[world]}" for world in worlds)
    return (
        "## Coverage\n\nShare of truths inside the central intervals. Target: within two Monte Carlo standard errors in "
        "`matched`; no 90 % interval of the drop under 85 % in the others. Next week's mean is that of seven daily "
        f"ratings, made in the same world.\n\n{told}\n\n![Coverage of the 90 % interval](coverage.svg)\n\n"
        + _table(head, rows)
    )


def _probabilities(worlds: Mapping[str, Any]) -> str:
    text = [
        "## The probability of having improved\n",
        "![What was said against what was true](calibration.svg)\n",
        _table(
            ["matched world, p_improved", "courses", "said", "true"],
            [
                [f"{row['said']:.2f}", str(row["n"]), f"{row['said']:.3f}", f"{row['true']:.3f}"]
                for row in worlds["matched"]["reliability"]
            ],
        ),
    ]
    for world in ("matched", "no_change"):
        rows = [
            [
                rule,
                f"{one['brier']:.3f}",
                *(_percent(one[key]) for key in ("false_yes", "found", "of_yes_true")),
            ]
            for rule, one in worlds[world]["scores"].items()
        ]
        text.append(f"Against the rules in use, world `{world}`:\n")
        text.append(_table(["rule", "Brier score", "false yes", "found", "of yes, true"], rows))
    rows = [
        [
            world,
            f"{one['scores']['model, probability']['brier']:.3f}",
            _percent(one["likely_yes"]),
            _percent(one["too_few"]),
        ]
        for world, one in worlds.items()
    ]
    text.append(_table(["world", "Brier score of the model", "says likely yes", "says too few"], rows))
    return "\n".join(text)


def _percent(value: float) -> str:
    return "-" if value != value else f"{value:.1%}"


def _schedule(schedule: Mapping[str, Any]) -> str:
    text = [
        "## The rule over the whole course\n",
        "Weekly sessions, looks at weeks 3, 6 and 12. `needless`: sessions after week 6, a person, given to people who are "
        "not improved at week 12. `late responder stopped`: share of those who would be improved at week 12. `early alarm`: "
        "told to change the plan at week 3.\n",
    ]
    head = [
        "rule",
        "stopped at week 6",
        "needless",
        "late responder stopped",
        "says yes",
        "false yes",
        "found",
        "early alarm",
    ]
    for world, rules in schedule.items():
        rows = [
            [
                rule,
                _percent(one["stopped_at_6"]),
                f"{one['needless']:.2f}",
                *(
                    _percent(one[key])
                    for key in ("stopped_late_responder", "said_yes", "false_yes", "found", "early_alarm")
                ),
            ]
            for rule, one in rules.items()
        ]
        text += [f"World `{world}`:\n", _table(head, rows)]
    return "\n".join(text)


def misses(found: Mapping[str, Any]) -> list[str]:
    """Every target that was not met, in words."""
    missed = []
    matched = found["worlds"]["matched"]
    for name in ("drop", "next_week"):
        for level in LEVELS:
            seen = matched[name][f"{level:g}"]
            error = sqrt(level * (1 - level) / matched["n"])
            if abs(seen - level) > 2 * error:
                missed.append(
                    f"matched: the {level:.0%} interval of the {NAMES[name]} covers {seen:.1%}, more than two standard errors "
                    f"({error:.1%} each) off."
                )
    for world, one in found["worlds"].items():
        if world != "matched" and one["drop"]["0.9"] < 0.85:
            missed.append(
                f"{world}: the 90 % interval of the drop covers {one['drop']['0.9']:.1%}, under 85 %."
            )
    if found["worlds"]["no_change"]["likely_yes"] > 0.03:
        missed.append(
            f"no_change: says likely yes in {found['worlds']['no_change']['likely_yes']:.1%}, over 3 %."
        )
    for kind, ranks in found["ranks"].items():
        missed += [
            f"calibration ({kind}): {NAMES[name]} has chi-square p {one['chi2_p']:.4f}."
            for name, one in ranks.items()
            if one["chi2_p"] < 0.01
        ]
    return missed


def _summary(found: Mapping[str, Any]) -> str:
    missed = misses(found)
    lines = [f"- {line}" for line in missed] or ["- None."]
    return "## Targets missed\n\n" + "\n".join(lines) + "\n"


def calibration_chart(found: Mapping[str, Any]) -> Spec:
    """What was said against what was true, ten bins, matched world; the size of a dot is the number of courses."""
    rows = found["worlds"]["matched"]["reliability"]
    axis = {"type": "quantitative", "scale": {"domain": [0, 1]}, "axis": {"format": "%", "tickCount": 5}}
    return {
        "$schema": SCHEMA,
        "description": "Probability of having improved: said against true, in ten bins",
        "width": 320,
        "height": 320,
        "background": "var(--card)",
        "config": chart_config(),
        "layer": [
            {
                "data": {"values": [{"said": 0, "true": 0}, {"said": 1, "true": 1}]},
                "mark": {"type": "line", "color": "var(--line)"},
                "encoding": {
                    "x": {"field": "said", **axis, "title": "said"},
                    "y": {"field": "true", **axis, "title": "true"},
                },
            },
            {
                "data": {"values": rows},
                "mark": {"type": "circle", "color": "var(--jade)", "opacity": 0.9},
                "encoding": {
                    "x": {"field": "said", **axis, "title": "said"},
                    "y": {"field": "true", **axis, "title": "true"},
                    "size": {"field": "n", "type": "quantitative", "legend": {"title": "courses"}},
                },
            },
        ],
    }


def coverage_chart(found: Mapping[str, Any]) -> Spec:
    """Coverage of the 90 % interval of the drop in every world, with two standard errors and the floor of 85 %."""
    rows = []
    for world, one in found["worlds"].items():
        seen = one["drop"]["0.9"]
        error = 2 * sqrt(max(seen * (1 - seen), 0.01) / one["n"])
        rows.append({"world": world, "seen": seen, "low": seen - error, "high": min(seen + error, 1)})
    y = {"field": "world", "type": "nominal", "sort": None, "axis": {"title": None, "grid": False}}
    x = {
        "type": "quantitative",
        "scale": {"domain": [0.6, 1]},
        "axis": {"format": "%", "title": "covered", "tickCount": 5},
    }
    return {
        "$schema": SCHEMA,
        "description": "Share of truths inside the 90 % interval of the drop, by world",
        "width": 420,
        "height": {"step": 26},
        "background": "var(--card)",
        "config": chart_config(),
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "rule", "color": "var(--jade)", "strokeDash": [2, 4]},
                "encoding": {"x": {"datum": 0.9, **x}},
            },
            {"mark": {"type": "rule", "color": "var(--cinnabar)"}, "encoding": {"x": {"datum": 0.85, **x}}},
            {
                "mark": {"type": "rule", "color": "var(--ink-2)"},
                "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "color": "var(--jade)", "size": 70},
                "encoding": {"y": y, "x": {"field": "seen", **x}},
            },
        ],
    }
