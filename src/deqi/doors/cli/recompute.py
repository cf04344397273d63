"""`deqi course recompute`: does every review that was decided still add up?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from deqi.doors.cli.home import need_database, with_home


@click.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@with_home
def recompute(home: Path, form: str) -> None:
    """Compute every kept review again from its own inputs and compare each number.

    A review of another model version is held to its fingerprint alone. Exit code 1 when one does not add up.
    """
    need_database()
    from deqi.record.care.judging import recomputed

    found = {"same": 0, "older model, fingerprint sound": 0, "wrong": []}
    for review_id, answer in recomputed():
        if answer == "wrong":
            found["wrong"].append(str(review_id))
        else:
            found[answer] += 1
    if form == "json":
        click.echo(json.dumps(found, indent=1))
    else:
        click.echo(
            f"{found['same']} reviews computed again with the same numbers, "
            f"{found['older model, fingerprint sound']} of an older model with a sound fingerprint, "
            f"{len(found['wrong'])} that do not add up."
        )
        for review_id in found["wrong"]:
            click.echo(f"  review {review_id}")
    sys.exit(1 if found["wrong"] else 0)
