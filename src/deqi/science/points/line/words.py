"""The words of the treatment line and the limits of its numbers.

The limits are ours: they refuse slips of the finger (900 mm, 600 minutes), they are not clinical advice. What
is too deep for a point or a patient is a question for the safety screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from deqi.science.points.atlas import atlas

Side = Literal["both", "left", "right", "midline"]

SIDES: Mapping[str, str] = {
    "b": "both", "both": "both", "bil": "both", "bilat": "both", "bilateral": "both", "双": "both",
    "l": "left", "left": "left", "左": "left",
    "r": "right", "right": "right", "右": "right",
    "a": "affected", "aff": "affected", "affected": "affected", "患": "affected",
    "unaffected": "opposite", "opp": "opposite", "opposite": "opposite", "contra": "opposite",
    "mid": "midline", "midline": "midline",
}  # fmt: skip

TECHNIQUES: Mapping[str, str] = {
    "even": "even", "pingbupingxie": "even",
    "reinforcing": "reinforcing", "reinforce": "reinforcing", "tonify": "reinforcing", "ton": "reinforcing", "bu": "reinforcing",
    "reducing": "reducing", "reduce": "reducing", "disperse": "reducing", "sedate": "reducing", "sed": "reducing", "xie": "reducing",
    "twirling": "twirling", "twirl": "twirling", "rotation": "twirling", "rotate": "twirling", "rot": "twirling",
    "liftingthrusting": "lifting-thrusting", "liftthrust": "lifting-thrusting", "lt": "lifting-thrusting",
    "warmneedle": "warm-needle", "warm": "warm-needle",
    "pricking": "pricking", "prick": "pricking",
    "press": "press-needle", "pressneedle": "press-needle",
    "none": "none", "nostim": "none", "unstimulated": "none",
}  # fmt: skip

DEQI: Mapping[str, bool] = {
    "deqi": True, "dq": True, "felt": True, "得气": True,
    "nodeqi": False, "nodq": False, "notfelt": False,
}  # fmt: skip

WAVEFORMS: Mapping[str, str] = {
    "continuous": "continuous", "cont": "continuous",
    "densedisperse": "dense-disperse", "dd": "dense-disperse", "alternating": "dense-disperse", "mixed": "dense-disperse",
    "intermittent": "intermittent", "int": "intermittent", "burst": "intermittent",
}  # fmt: skip

ELECTRO = frozenset({"ea", "electro", "estim", "电针"})
WHOLE_LINE = frozenset({"all", "everywhere"})

UNITS: Mapping[str, str] = {
    "mm": "mm", "cm": "cm", "cun": "cun", "寸": "cun",
    "min": "min", "mins": "min", "minute": "min", "minutes": "min", "m": "min", "'": "min",
    "hz": "hz", "ma": "ma",
}  # fmt: skip

DEPTH_MM = (1.0, 100.0)
RETENTION_MIN = (1, 120)
FREQUENCY_HZ = (0.5, 250.0)
CURRENT_MA = (0.1, 20.0)
NEEDLES_A_LINE = 100


def format_members(code: str, members: tuple[str, ...]) -> str:
    """The places as short as they can be read again: ("1", "2", "4") -> ":1-2/4"; all places -> ""."""
    if not members:
        return ""
    known = list(atlas()[code].members)
    runs: list[list[int]] = []
    for place in sorted(known.index(name) for name in members):
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return ":" + "/".join(known[r[0]] if len(r) == 1 else f"{known[r[0]]}-{known[r[-1]]}" for r in runs)


@dataclass(frozen=True)
class ElectricalSetting:
    """Current between this point and `pair_with` (a code, with its places if any: "EX-B2:L5"). None: not said."""

    pair_with: str
    frequency_hz: tuple[float, ...] = ()
    current_ma: float | None = None
    waveform: str | None = None


@dataclass(frozen=True)
class Placement:
    """One point needled on one side or both. `members` names the places used of a point that is several ("" all).

    `needles` counts what goes in: EX-LE10 on both sides is 8. None: not said on the line.
    """

    code: str
    side: Side
    needles: int
    depth_mm: float | None = None
    technique: str | None = None
    deqi: bool | None = None
    retention_min: int | None = None
    electrical: ElectricalSetting | None = None
    members: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The code as typed, with its places: "EX-LE10:2-3"."""
        return self.code + format_members(self.code, self.members)


@dataclass(frozen=True)
class Fault:
    """One word of the line that cannot be read: `text[start:end] == word`. `suggestions` can be typed instead."""

    start: int
    end: int
    word: str
    message: str
    suggestions: tuple[str, ...] = ()


class LineError(ValueError):
    """The treatment line could not be read. `errors` lists every fault, in the order of the line."""

    def __init__(self, text: str, errors: tuple[Fault, ...]):
        self.text = text
        self.errors = errors
        super().__init__(
            "; ".join(f"at {fault.start + 1}, {fault.word!r}: {fault.message}" for fault in errors)
        )
