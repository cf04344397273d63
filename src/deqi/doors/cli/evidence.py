"""`deqi evidence`: check the knowledge files, list trials."""

from __future__ import annotations

import csv
import json
import sys
from typing import Any

import click

from deqi.science import evidence
from deqi.science.evidence.schema import CONDITIONS, Trial

FORMATS = click.Choice(["text", "json", "csv"])
TRIAL_COLUMNS = (
    "id", "label", "year", "condition", "design", "question", "scope", "n_randomized", "arms",
    "sessions", "weeks", "conclusion", "read", "in_default_pools", "outside_because", "doi", "source_url",
)  # fmt: skip


@click.group()
def command() -> None:
    """What trials found: check, list, pool, draw."""


@command.command()
def check() -> None:
    """Check every knowledge file; exit 1 and name file and line when one is wrong."""
    faults = evidence.problems()
    for fault in faults:
        click.echo(str(fault), err=True)
    if faults:
        click.echo(f"{len(faults)} problem(s)", err=True)
        sys.exit(1)
    findings = sum(len(m.findings) for m in evidence.mechanisms().values())
    click.echo(
        f"evidence: {len(evidence.trials())} trials, {len(evidence.reviews())} reviews, "
        f"{len(evidence.guidelines())} guideline positions, {len(evidence.mechanisms())} mechanisms with "
        f"{findings} findings: no problems"
    )


@command.command(name="trials")
@click.option("--condition", type=click.Choice(sorted(CONDITIONS)), help="Only this condition.")
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
def list_trials(condition: str | None, form: str) -> None:
    """List the trials, those outside the default pools too, with the reason."""
    rows = [trial_row(t) for t in evidence.trials().values() if condition in (None, t.condition)]
    if form == "json":
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    elif form == "csv":
        writer = csv.DictWriter(sys.stdout, TRIAL_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        for row in rows:
            mark = " " if row["in_default_pools"] else "-"
            size = row["n_randomized"] or "?"
            click.echo(
                f"{mark} {row['id']:<22} {row['condition']:<13} n {size!s:<5} {row['conclusion']:<14} {row['arms']}"
            )
        outside = sum(not row["in_default_pools"] for row in rows)
        click.echo(f"{len(rows)} studies; {outside} marked '-' stay outside the default pools")


def trial_row(trial: Trial) -> dict[str, Any]:
    """One flat row of a trial for listing and download."""
    reasons = evidence.outside_default_pools(trial)
    dose = next((arm.stricta for arm in trial.arms if arm.needled and arm.stricta), None)
    return {
        "id": trial.id,
        "label": trial.label,
        "year": trial.year,
        "condition": trial.condition,
        "design": trial.design,
        "question": trial.question,
        "scope": trial.scope,
        "n_randomized": trial.n_randomized,
        "arms": " vs ".join(arm.id for arm in trial.arms),
        "sessions": dose.sessions if dose else None,
        "weeks": dose.weeks if dose else None,
        "conclusion": trial.conclusion,
        "read": trial.read,
        "in_default_pools": not reasons,
        "outside_because": "; ".join(reasons),
        "doi": trial.doi,
        "source_url": trial.source_url,
    }
