"""The texts people consent to: plain words, versioned, each with the fingerprint of its own words.

A signature names version and sha256, so that years later the very words can be shown. Words that changed without
a new fingerprint are refused when the file is read, and `deqi check` says so.

Example:
    >>> consent_texts()["care"].ask
    'Do you agree to be treated?'
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

from pydantic import Field, model_validator

from deqi.science.knowledge import Problem, Strict, gather, load_yaml

KINDS = ("care", "measurement", "sharing", "registry")
#: Asked only of those to whom it was offered.
OPT_IN = ("single_case",)


class ConsentText(Strict):
    """One text. `ask` is the question that is answered by signing."""

    kind: Literal["care", "measurement", "sharing", "registry", "single_case"]
    version: str = Field(pattern=r"^[0-9]+$")
    sha256: str
    title: str
    ask: str
    paragraphs: tuple[str, ...]

    @property
    def words(self) -> str:
        """Everything that is read before signing, as one text."""
        return "\n\n".join((self.title, *self.paragraphs, self.ask))

    @model_validator(mode="after")
    def _fingerprint_fits(self) -> Self:
        found = hashlib.sha256(self.words.encode()).hexdigest()
        if found != self.sha256:
            raise ValueError(
                f"the words changed: give a new version and the sha256 {found}, and keep the old text as a file"
            )
        return self


@cache
def _read(kind: str) -> ConsentText:
    text: ConsentText = load_yaml(Path(__file__).with_name(f"{kind}.yaml"), ConsentText)
    return text


@cache
def consent_texts() -> Mapping[str, ConsentText]:
    """The text in force of each kind that everybody is asked, in the order in which they are asked."""
    return MappingProxyType({kind: _read(kind) for kind in KINDS})


def consent_text(kind: str) -> ConsentText | None:
    """The text in force of any kind, those of an offer among them; None when there is no such kind."""
    return _read(kind) if kind in (*KINDS, *OPT_IN) else None


def problems() -> list[Problem]:
    """Everything wrong in the consent texts, with file and line."""
    return gather([lambda kind=kind: _read(kind) for kind in (*KINDS, *OPT_IN)])
