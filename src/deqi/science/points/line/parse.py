"""Reads a treatment line into placements.

How it reads (the whole grammar is in docs/points.md):
- Groups end at ";". In a group, modifiers hold for the points written just before them, back to the previous
  modifier: "st36 lr3 b 25mm li4 r" needles ST36 and LR3 on both sides at 25 mm, LI4 on the right.
- Modifiers written before the first point of a group hold for the whole group unless a point says otherwise.
- A group that begins with "all" holds for the whole line: "all 30min deqi; st36 b; li4 r".
- Without a side a paired point is needled on both sides. A midline point has no side.
- A pair ("lr3+gb42") carries current between two needles on the same side; frequency, current and waveform belong
  to pairs only. A pair places its two needles, or wires needles that the line places elsewhere:
  "lr3 b 15mm; ea lr3+gb42 2hz" is two needles at LR3, two at GB42.

Example:
    >>> [(p.code, p.side, p.needles) for p in parse_line("st36 lr3 b 25mm 30min; bafeng r")]
    [('ST36', 'both', 2), ('LR3', 'both', 2), ('EX-LE10', 'right', 4)]
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from deqi.science.points.atlas import SAME_PLACE, atlas
from deqi.science.points.line.tokens import PointRef, Span, Token, groups, read_group
from deqi.science.points.line.words import (
    NEEDLES_A_LINE,
    RETENTION_MIN,
    ElectricalSetting,
    Fault,
    LineError,
    Placement,
)

ELECTRICAL = ("frequency", "current", "waveform")
NEEDLING = {"depth": "depth_mm", "retention": "retention_min", "technique": "technique", "deqi": "deqi"}


Said = dict[str, tuple[Any, Span]]


@dataclass
class Block:
    """Points in a row and the modifiers that hold for them: kind -> (value, where it was said)."""

    points: list[Token] = field(default_factory=list)
    said: Said = field(default_factory=dict)

    def value(self, kind: str) -> Any:
        return self.said[kind][0] if kind in self.said else None


def parse_line(
    text: str,
    affected: Literal["left", "right"] | None = None,
    default_retention_min: int | None = None,
) -> tuple[Placement, ...]:
    """The placements of `text`, in the order written; none for an empty line.

    `affected` is the side meant by "affected"; `default_retention_min` (1 to 120) is the retention of points whose
    line says none. Raises LineError with every unreadable word, its position and what to type instead.
    """
    if (
        default_retention_min is not None
        and not RETENTION_MIN[0] <= default_retention_min <= RETENTION_MIN[1]
    ):
        raise ValueError(f"default_retention_min must lie between {RETENTION_MIN[0]} and {RETENTION_MIN[1]}")
    faults: list[Fault] = []
    blocks: list[Block] = []
    whole: Said = {}
    for spans in groups(text):
        before = len(faults)
        tokens = read_group(text, spans, faults)
        if tokens and tokens[0].kind == "all":
            _whole_line(tokens[1:], whole, faults)
        else:
            blocks.extend(_blocks(tokens, faults, complete=len(faults) == before))
    if default_retention_min is not None:
        whole.setdefault("retention", (default_retention_min, Span(0, 0, "")))
    needles = _Needles(affected, faults)
    for kind in ("point", "pair"):
        for block in blocks:
            for token in block.points:
                if token.kind == kind:
                    needles.add(block, token, whole)
    for block in blocks:
        _check_electrical(block, faults)
    placements = needles.placements(whole)
    if sum(placement.needles for placement in placements) > NEEDLES_A_LINE:
        faults.append(Fault(0, len(text), text, f"The line makes more than {NEEDLES_A_LINE} needles.", ()))
    if faults:
        raise LineError(text, tuple(sorted(faults, key=lambda fault: (fault.start, fault.end))))
    return placements


def _whole_line(tokens: list[Token], whole: Said, faults: list[Fault]) -> None:
    for token in tokens:
        if token.kind in ("point", "pair", "all", *ELECTRICAL, "electro"):
            faults.append(
                token.span.fault('"all" takes side, depth, retention, technique or deqi: nothing else.')
            )
        else:
            _say(whole, token, faults)


def _say(said: Said, token: Token, faults: list[Fault]) -> None:
    if token.kind in said and said[token.kind][0] != token.value:
        earlier = said[token.kind][1].word
        message = f'Said twice for the same points: "{earlier}" and "{token.span.word}".'
        faults.append(token.span.fault(message, earlier))
    said.setdefault(token.kind, (token.value, token.span))


def _blocks(tokens: list[Token], faults: list[Fault], complete: bool) -> list[Block]:
    """Cuts a group into blocks. `complete` is False when a word of the group was unreadable."""
    leading: Said = {}
    blocks: list[Block] = []
    for token in tokens:
        if token.kind in ("point", "pair"):
            if not blocks or blocks[-1].said:
                blocks.append(Block())
            blocks[-1].points.append(token)
        elif token.kind == "all":
            faults.append(token.span.fault('"all" stands first in its group.'))
        else:
            _say(blocks[-1].said if blocks else leading, token, faults)
    if not blocks and tokens and complete:
        message = "No point is named here. Write the points first."
        faults.append(tokens[0].span.fault(message, f"st36 {tokens[0].span.word}"))
    for block in blocks:
        block.said = leading | block.said
    return blocks


def _check_electrical(block: Block, faults: list[Fault]) -> None:
    """Current needs pairs: "ea" before a single point, or a frequency without any pair, is refused."""
    singles = [token for token in block.points if token.kind == "point"]
    if "electro" in block.said:
        for token in singles:
            other = "SP6" if token.value.code != "SP6" else "ST36"
            faults.append(
                token.span.fault(
                    "Current needs two needles: join them with +.", f"{token.value.label}+{other}"
                )
            )
    elif len(singles) == len(block.points):
        for kind in ELECTRICAL:
            if kind in block.said:
                span = block.said[kind][1]
                faults.append(
                    span.fault(f'"{span.word}" belongs to an electrical pair.', f"ea st36+sp6 {span.word}")
                )


class _Needles:
    """The needles of the line so far: what stands where, so that no place is needled twice."""

    def __init__(self, affected: str | None, faults: list[Fault]):
        self.affected = affected
        self.faults = faults
        self.made: dict[tuple[str, str], tuple[int, Placement]] = {}
        self.taken: dict[tuple[str, str], str] = {}

    def placements(self, whole: Said) -> tuple[Placement, ...]:
        """All placements in the order written; what "all" said fills what was left open."""
        ordered = sorted(self.made.values(), key=lambda pair: pair[0])
        fill = {name: whole[kind][0] for kind, name in NEEDLING.items() if kind in whole}
        return tuple(
            replace(p, **{name: value for name, value in fill.items() if getattr(p, name) is None})
            for _, p in ordered
        )

    def add(self, block: Block, token: Token, whole: Said) -> None:
        """Places the point of `token`, or the two points of a pair and the current between them."""
        refs: tuple[PointRef, ...] = token.value if token.kind == "pair" else (token.value,)
        made: list[Placement] = []
        for ref in refs:
            side = self._side(block, ref, token, whole, self._standing_side(refs) if len(refs) == 2 else None)
            if side is None:
                return
            standing = self.made.get((ref.label, side)) if len(refs) == 2 else None
            if len(refs) == 2 and "side" not in block.said and len(self._sides_of(ref.label)) > 1:
                self._fault(token.span, f"{ref.label} stands in the line twice. Say which: l or r.", "l", "r")
                return
            made.append(self._placement(block, ref, side, token, standing[1] if standing else None))
        if token.kind == "pair":
            if not self._can_wire(made, token):
                return
            made = self._wired(made, block)
        for number, placement in enumerate(made):
            self._keep(placement, token, number)

    def _sides_of(self, label: str) -> list[str]:
        return [side for name, side in self.made if name == label]

    def _standing_side(self, refs: tuple[PointRef, ...]) -> str | None:
        """The side on which the line places a needle of this pair already."""
        sides = [side for ref in refs for side in self._sides_of(ref.label)]
        return next((side for side in sides if side != "midline"), None)

    def _side(self, block: Block, ref: PointRef, token: Token, whole: Said, standing: str | None) -> Any:
        """The side a point is needled on, or None after a fault."""
        value, span = block.said.get("side") or (standing, token.span)
        if value is None:
            value, span = whole.get("side", ("both", token.span))
        if atlas()[ref.code].midline:
            only_midline = all(atlas()[r.code].midline for t in block.points for r in _refs(t))
            if "side" in block.said and value != "midline" and only_midline:
                self._fault(span, f"{ref.code} lies on the midline: it has no side.")
                return None
            return "midline"
        if value == "midline":
            self._fault(span, f"{ref.code} does not lie on the midline.", "b", "l", "r")
            return None
        if value in ("affected", "opposite"):
            if self.affected is None:
                self._fault(
                    span, "The affected side of this patient is not known: say l, r or b.", "l", "r", "b"
                )
                return None
            return self.affected if value == "affected" else {"left": "right", "right": "left"}[self.affected]
        return value

    def _fault(self, span: Span, message: str, *suggestions: str) -> None:
        fault = span.fault(message, *suggestions)
        if fault not in self.faults:
            self.faults.append(fault)

    def _placement(
        self, block: Block, ref: PointRef, side: Any, token: Token, standing: Placement | None
    ) -> Placement:
        """A new placement, or the one the line has already with what the pair adds to it."""
        said = {name: block.value(kind) for kind, name in NEEDLING.items()}
        if ref.depth_mm is not None:
            said["depth_mm"] = ref.depth_mm
        if standing is None:
            places = len(ref.members) or atlas()[ref.code].needles_per_side
            needles = places * (2 if side == "both" else 1)
            return Placement(code=ref.code, side=side, needles=needles, members=ref.members, **said)
        for name, value in said.items():
            if value is not None and getattr(standing, name) not in (None, value):
                self._fault(
                    token.span, f"{ref.label} stands elsewhere in the line with another {name.split('_')[0]}."
                )
        return replace(standing, **{name: value for name, value in said.items() if value is not None})

    def _can_wire(self, made: list[Placement], token: Token) -> bool:
        before = len(self.faults)
        first, second = made
        if first.label == second.label:
            if first.side != "both" or first.needles != 2:
                message = "A point pairs with itself only from left to right: needle it on both sides."
                self._fault(token.span, message, f"{first.label}+{first.label} b")
            if first.depth_mm != second.depth_mm:
                self._fault(token.span, "One point, two depths: write one.", first.label)
        elif first.side != second.side and "midline" not in (first.side, second.side):
            self._fault(token.span, "The two needles of a pair stand on the same side.")
        elif first.side != second.side and "both" in (first.side, second.side):
            self._fault(
                token.span, "A midline point pairs with one side: say l or r.", f"{token.span.word} r"
            )
        for placement in made:
            if placement.electrical:
                other = placement.electrical.pair_with
                self._fault(token.span, f"{placement.label} carries current to {other} already.")
        return len(self.faults) == before

    def _wired(self, made: list[Placement], block: Block) -> list[Placement]:
        """Joins two placements by a current; the same point twice is its left and right needle: one placement."""
        labels = [placement.label for placement in made]
        if labels[0] == labels[1]:
            made = made[:1]
        return [
            replace(
                placement,
                electrical=ElectricalSetting(
                    pair_with=other,
                    frequency_hz=block.value("frequency") or (),
                    current_ma=block.value("current"),
                    waveform=block.value("waveform"),
                ),
            )
            for placement, other in zip(made, labels[::-1], strict=False)
        ]

    def _keep(self, placement: Placement, token: Token, number: int) -> None:
        """Notes the placement. A second needle in one place, under whatever name, is refused: counts must be true."""
        key = (placement.label, placement.side)
        if token.kind == "pair" and key in self.made:
            self.made[key] = (self.made[key][0], placement)
            return
        members = placement.members or atlas()[placement.code].members
        names = [f"{placement.code}:{member}" for member in members] or [placement.code]
        sides = ("left", "right") if placement.side == "both" else (placement.side,)
        places = [(SAME_PLACE.get(name, name), side) for name in names for side in sides]
        for name, place in zip((name for name in names for _ in sides), places, strict=True):
            if place in self.taken:
                other = self.taken[place]
                what = (
                    "is already in the line" if other == placement.label else f"is the same place as {other}"
                )
                where = "" if place[1] == "midline" else f" on the {place[1]}"
                self._fault(token.span, f"{name} {what}{where}. Keep one of them.")
                return
        self.taken.update(dict.fromkeys(places, placement.label))
        self.made[key] = (token.span.start * 2 + number, placement)


def _refs(token: Token) -> tuple[PointRef, ...]:
    return token.value if token.kind == "pair" else (token.value,)
