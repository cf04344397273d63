"""The `deqi` command. Each group lives in a module of its own and is imported only when it is called."""

from __future__ import annotations

import importlib
import sys

import click

from deqi import __version__

COMMANDS = {
    "demo": ("deqi.doors.cli.demo", "Fill a synthetic clinic and serve it."),
    "init": ("deqi.doors.cli.init", "Make an empty clinic and its first manager."),
    "serve": ("deqi.doors.cli.serve", "Serve the clinic."),
    "worker": ("deqi.doors.cli.worker", "Do the background work."),
    "upgrade": ("deqi.doors.cli.upgrade", "Bring the database to this version."),
    "backup": ("deqi.doors.cli.backup", "Back up everything into one encrypted file."),
    "restore": ("deqi.doors.cli.restore", "Put a back-up in place and prove it."),
    "export": ("deqi.doors.cli.export", "Write everything out as open files."),
    "check": ("deqi.doors.cli.check", "Check the knowledge files and the record."),
    "evidence": ("deqi.doors.cli.evidence", "What trials found: check, list, pool, draw."),
    "points": ("deqi.doors.cli.points", "The atlas, the treatment line and suggestions."),
    "safety": ("deqi.doors.cli.safety", "Screen a case against the safety rules."),
    "measures": ("deqi.doors.cli.measures", "Score questionnaires, list what can be scored."),
    "course": ("deqi.doors.cli.course", "Plan and review one person's course."),
}


class LazyGroup(click.Group):
    """Imports a command's module when it is named, so that `deqi --help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return importlib.import_module(COMMANDS[name][0]).command  # type: ignore[no-any-return]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


class Refused(click.ClickException):
    """Bad input: the message names the place, and the exit code is 2."""

    exit_code = 2


@click.group(cls=LazyGroup)
@click.version_option(__version__, prog_name="deqi")
def main() -> None:
    """Deqi: the whole course of acupuncture care for peripheral neuropathy.

    Exit codes: 0 done, 1 a check failed or something is wrong, 2 the input was refused.
    """


if __name__ == "__main__":
    sys.exit(main())
