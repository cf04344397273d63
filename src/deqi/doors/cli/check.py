"""`deqi check`: the knowledge files, and where there is a clinic its record and its mail server."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from deqi.doors.cli.home import need_database, with_home

#: What is called how -> the package whose `problems()` is asked.
KNOWLEDGE = {
    **{
        f"knowledge of {name}": f"deqi.science.{name}"
        for name in ("evidence", "points", "safety", "measures", "course")
    },
    "consent texts": "deqi.record.patients.consent_texts",
}


@click.command()
@click.option(
    "--knowledge-only",
    is_flag=True,
    help="Check the knowledge files, leave the record and the mail server alone.",
)
@with_home
def command(home: Path, knowledge_only: bool) -> None:
    """Check the knowledge files, the whole record and the mail server; name what is wrong and where.

    Exit code 0: sound. 1: something is wrong, each line says what.
    """
    wrong = _knowledge()
    if not knowledge_only:
        from django.conf import settings

        sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
        if sqlite and not Path(settings.DATABASES["default"]["NAME"]).exists():
            click.echo("record: there is no clinic here, nothing to check")
        else:
            need_database()
            wrong += _record()
    click.echo("Sound." if not wrong else f"{wrong} faults.")
    sys.exit(1 if wrong else 0)


def _knowledge() -> int:
    wrong = 0
    for name, package in KNOWLEDGE.items():
        problems = importlib.import_module(package).problems()
        click.echo(f"{name}: {'sound' if not problems else f'{len(problems)} faults'}")
        for problem in problems:
            click.echo(f"  {problem}")
        wrong += len(problems)
    return wrong


def _record() -> int:
    from deqi.record.operations.check import CHECKS
    from deqi.record.post import mail_faults

    wrong = 0
    for name, check in {**CHECKS, "mail server": mail_faults}.items():
        found = list(check())
        click.echo(f"{name}: {'sound' if not found else f'{len(found)} faults'}")
        for fault in found:
            click.echo(f"  {fault}")
        wrong += len(found)
    return wrong
