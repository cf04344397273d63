"""Every command explains itself, and its exit code means something: 0 done, 1 something is wrong, 2 bad input.

What each command refuses on real files and databases is in tests/durability/test_operations.py.
"""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from deqi.doors.cli.main import COMMANDS, main


def run(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_the_command_does_and_leaves_with_0(name):
    done = run(name, "--help")
    assert done.exit_code == 0 and "Usage:" in done.output
    assert len(done.output.split("Options:")[0].split("\n\n")) > 1, "a sentence on what it does"


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_that_does_not_exist_leaves_with_2(name):
    assert run(name, "--no-such-option").exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("restore",),
        ("restore", "/no/such/file.tar.age"),
        ("export",),
        ("backup", "--passphrase-file", "/no/such/file"),
        ("serve", "--port", "many"),
        ("demo", "--port", "many"),
    ],
    ids=" ".join,
)
def test_bad_input_is_refused_with_2_before_anything_is_opened(arguments):
    done = run(*arguments)
    assert done.exit_code == 2 and "Error" in done.output


def test_a_reset_never_throws_away_what_is_not_a_demo(tmp_path):
    (tmp_path / "deqi.sqlite3").write_text("somebody's clinic")
    done = run("demo", "--home", str(tmp_path), "--reset", "--no-serve")
    assert done.exit_code == 2 and "not a demo clinic" in done.output
    assert (tmp_path / "deqi.sqlite3").read_text() == "somebody's clinic"
