"""FHIRPath as imported questionnaires may use it: a list of functions, a limit on size, a limit on work.

An imported file is somebody else's program. It may add, compare, choose and look things up in the answers; it may not
read a clock, match patterns or grow without end. `evaluate` counts the calls that the engine makes and stops it.

The engine is fhirpathpy; `sum`, `avg`, `min`, `max`, `round`, `ordinal` and `weight` are ours, because the engine's
own cannot add answers. The oracle is the npm package `fhirpath` (tests/oracle/fhirpath).

Example:
    >>> response = {"resourceType": "QuestionnaireResponse", "status": "completed",
    ...             "item": [{"linkId": "a", "answer": [{"valueInteger": 3}]}]}
    >>> evaluate("%resource.item.answer.value.sum() + 1", {"resource": response})
    [4]
"""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from functools import lru_cache
from types import FrameType
from typing import Any

import fhirpathpy
from antlr4 import CommonTokenStream, InputStream, Token
from antlr4.error.ErrorListener import ErrorListener
from fhirpathpy.models import models
from fhirpathpy.parser.generated.FHIRPathLexer import FHIRPathLexer
from fhirpathpy.parser.generated.FHIRPathParser import FHIRPathParser

_engine: Any = fhirpathpy  # it says that it is typed, and is not
#: Functions that an expression may call. `aggregate` only to add up: see `check`.
ALLOWED = frozenset(
    [
        "abs",
        "aggregate",
        "all",
        "allTrue",
        "anyTrue",
        "anyFalse",
        "allFalse",
        "as",
        "avg",
        "ceiling",
        "combine",
        "contains",
        "count",
        "descendants",
        "distinct",
        "empty",
        "endsWith",
        "exclude",
        "exists",
        "extension",
        "first",
        "floor",
        "getValue",
        "hasValue",
        "iif",
        "indexOf",
        "intersect",
        "is",
        "isDistinct",
        "item",
        "last",
        "length",
        "lower",
        "max",
        "min",
        "not",
        "ofType",
        "ordinal",
        "round",
        "select",
        "single",
        "skip",
        "startsWith",
        "sum",
        "tail",
        "take",
        "toBoolean",
        "toDecimal",
        "toInteger",
        "toString",
        "trim",
        "truncate",
        "union",
        "upper",
        "value",
        "weight",
        "where",
        "children",
    ]
)
LONGEST = 2_000  # characters of an expression
DEEPEST = 25  # brackets within brackets
NESTED = 3  # loops within loops
STEPS = 400_000  # calls of one evaluation: about a third of a second
PARSE_STEPS = 6_000_000
LARGEST = Decimal(10) ** 12
LOOPS = frozenset(["where", "select", "all", "exists", "aggregate"])
ADDS_UP = re.compile(r"\$this\s*\+\s*\$total|\$total\s*\+\s*\$this")
WEIGHTS = (
    "http://hl7.org/fhir/StructureDefinition/ordinalValue",
    "http://hl7.org/fhir/StructureDefinition/itemWeight",
)


class ExpressionError(ValueError):
    """An expression that is not allowed, cannot be read, or does not come to an end."""


def check(expression: str) -> None:
    """Raises ExpressionError when `expression` may not be used, saying what in it is at fault.

    Refused: more than 2,000 characters, brackets deeper than 25, loops deeper than 3, a function that is not listed,
    `aggregate` but to add up, numbers longer than 12 digits, and bad syntax.
    """
    if not expression.strip():
        raise ExpressionError("the expression is empty")
    if len(expression) > LONGEST:
        raise ExpressionError(f"the expression is longer than {LONGEST} characters")
    bare = re.sub(r"'(?:[^'\\]|\\.)*'", "''", expression)
    if "`" in bare or "//" in bare or "/*" in bare:
        raise ExpressionError("back-ticks and comments are not taken")
    if re.search(r"\d{13}", bare):
        raise ExpressionError("a number has more than 12 digits")
    for name in re.findall(r"([A-Za-z_]\w*)\s*\(", bare):
        if name not in ALLOWED and name not in ("and", "or", "xor", "implies", "in", "div", "mod"):
            raise ExpressionError(f"the function {name}() is not taken")
    _nesting(bare)
    _parsed(expression)


def _nesting(bare: str) -> None:
    """Counts brackets and loops; checks what stands inside an aggregate."""
    stack: list[str] = []
    for match in re.finditer(r"([A-Za-z_]\w*)?\s*\(|\)", bare):
        if match.group() == ")":
            if stack:
                stack.pop()
            continue
        name = match.group(1) or ""
        stack.append(name)
        if len(stack) > DEEPEST:
            raise ExpressionError(f"brackets are nested deeper than {DEEPEST}")
        if sum(one in LOOPS for one in stack) > NESTED:
            raise ExpressionError(f"loops are nested deeper than {NESTED}")
        if name == "aggregate" and not ADDS_UP.match(bare[match.end() :].lstrip()):
            raise ExpressionError("aggregate() is taken only to add up: aggregate($this + $total, 0)")


class _Raise(ErrorListener):  # type: ignore[misc]
    """The engine's own parser repairs faults and goes on; an imported file is to be told of them."""

    def syntaxError(
        self, recognizer: Any, symbol: Any, line: int, column: int, message: str, error: Any
    ) -> None:
        raise ExpressionError(f"the expression cannot be read at character {column + 1}: {message[:200]}")


def _strict(part: Any) -> Any:
    part.removeErrorListeners()
    part.addErrorListener(_Raise())
    return part


@lru_cache(maxsize=512)
def _parsed(expression: str) -> Any:
    try:
        with _at_most(PARSE_STEPS):
            stream = CommonTokenStream(_strict(FHIRPathLexer(InputStream(expression))))
            _strict(FHIRPathParser(stream)).expression()
            if stream.LA(1) != Token.EOF:
                raise ExpressionError(f"the expression stops making sense at {stream.LT(1).text!r}")
            return _engine.parse(expression)
    except ExpressionError:
        raise
    except Exception as error:
        raise ExpressionError(f"the expression cannot be read: {' '.join(str(error).split())[:200]}")


@dataclass
class Work:
    """Calls left for all expressions of one questionnaire together: 2 million take about two seconds."""

    left: int = 2_000_000


def evaluate(
    expression: str, variables: Mapping[str, Any], *, base: Any = None, work: Work | None = None
) -> list[Any]:
    """What `expression` gives, as plain JSON values (numbers as int or Decimal).

    `variables` are named without their %; `resource` is the QuestionnaireResponse. `base` is the item of the response
    that the expression stands at, the whole response when it is None. `work` is shared by several expressions.
    Nothing given is changed.

    Raises ExpressionError when it is not allowed, fails, takes more than 400,000 calls, or gives something too large.
    """
    check(expression)
    named = set(re.findall(r"%(\w+)", expression))
    held = {name: copy.deepcopy(value) for name, value in variables.items() if name in named}
    there = copy.deepcopy(base if base is not None else variables.get("resource", {}))
    tree = _parsed(expression)
    try:
        with _at_most(STEPS, work):
            if base is not None:
                there = _engine.engine.nodes.ResourceNode.create_node(there, "QuestionnaireResponse.item")
            found = _engine.apply_parsed_path(there, tree, held, models["r4"], {"userInvocationTable": OWN})
    except ExpressionError:
        raise
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply")
    except Exception as error:
        raise ExpressionError(f"the expression fails: {' '.join(str(error).split())[:200]}")
    return [_plain(value) for value in found] if isinstance(found, list) else [_plain(found)]


def _plain(value: Any) -> Any:
    """A value small enough to keep. Raises ExpressionError."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, int | Decimal):
        if not Decimal(value).is_finite() or Decimal(value).copy_abs() > LARGEST:
            raise ExpressionError("the expression gives a number that is too large")
        return value
    if isinstance(value, str):
        if len(value) > LONGEST:
            raise ExpressionError("the expression gives a text that is too long")
        return value
    return value if isinstance(value, dict | list) else str(value)


@contextmanager
def _at_most(steps: int, work: Work | None = None) -> Iterator[None]:
    """Stops what runs inside, in this thread, after so many calls of functions."""
    given = left = min(steps, work.left) if work else steps
    before = sys.getprofile()

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal left
        if event in ("call", "c_call"):
            left -= 1
            if left < 0:
                raise ExpressionError("the expression takes too long")

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
        if work:
            work.left -= given - max(0, left)


def _numbers(values: list[Any]) -> list[Decimal]:
    """The values as numbers. Raises ValueError for anything else."""
    found = []
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise ValueError(f"{str(value)[:40]!r} is not a number")
        found.append(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))
    return found


def _tidy(value: Decimal) -> int | Decimal:
    return int(value) if value == value.to_integral_value() and abs(value) <= LARGEST else value


def _over(of: Callable[[list[Decimal]], Decimal]) -> Callable[[list[Any]], Any]:
    """A function over numbers. Of none it gives nothing: an empty questionnaire has no score, not the score 0."""

    def fn(values: list[Any]) -> Any:
        numbers = _numbers(values)
        return _tidy(of(numbers)) if numbers else []

    return fn


def _round(values: list[Any], digits: Any = 0) -> Any:
    if len(values) != 1:
        return []
    places = int(digits) if not isinstance(digits, list) else 0
    if not 0 <= places <= 12:
        raise ValueError("round() takes 0 to 12 places")
    number = _numbers(values)[0].scaleb(places) + Decimal("0.5")  # a half goes up, -2.5 to -2
    return _tidy(number.to_integral_value(rounding=ROUND_FLOOR).scaleb(-places))


def _ordinal(values: list[Any]) -> list[Any]:
    """The weight of each coded answer: its `ordinalValue` or `itemWeight`. Answers without one give nothing."""
    return [
        extension["valueDecimal"]
        for value in values
        if isinstance(value, dict)
        for extension in value.get("extension", [])
        if extension.get("url") in WEIGHTS and "valueDecimal" in extension
    ]


OWN: dict[str, dict[str, Any]] = {
    "sum": {"fn": _over(lambda numbers: sum(numbers, Decimal(0))), "arity": {0: []}},
    "avg": {"fn": _over(lambda numbers: sum(numbers, Decimal(0)) / len(numbers)), "arity": {0: []}},
    "min": {"fn": _over(min), "arity": {0: []}},
    "max": {"fn": _over(max), "arity": {0: []}},
    "round": {"fn": _round, "arity": {0: [], 1: ["Integer"]}},
    "ordinal": {"fn": _ordinal, "arity": {0: []}},
    "weight": {"fn": _ordinal, "arity": {0: []}},
}
