"""The shape of an HL7 FHIR R4 Questionnaire, strict: an unknown element is a fault with its place in the JSON.

Only what decides about questions and scores is modelled in detail; elements that merely describe are taken as they
are. Extensions are kept whole: those of SDC that are understood are read in `form`, `modifierExtension` is refused.

Source: https://hl7.org/fhir/R4/questionnaire.html and http://hl7.org/fhir/uv/sdc (STU 3).
"""

from __future__ import annotations

import json
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, ValidationError, model_validator

from deqi.science.measures.questionnaire.fhirpath import LARGEST

LARGEST_BYTES = 1_000_000
ItemType = Literal["group", "display", "boolean", "decimal", "integer", "date", "string", "text", "choice"]
NOT_TAKEN = ("open-choice", "dateTime", "time", "url", "attachment", "reference", "quantity", "question")


class QuestionnaireError(ValueError):
    """A Questionnaire that is not taken. `problems` holds (JSON path, what is wrong), every one that was found."""

    def __init__(self, problems: list[tuple[str, str]]):
        self.problems = problems
        super().__init__("; ".join(f"{path}: {message}" for path, message in problems))


class _Element(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str | None = None
    extension: tuple[dict[str, Any], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _without_underscored(cls, raw: Any) -> Any:
        """`_text` and its like hold marks on a primitive (a translation, a style): kept in the file, not read."""
        if not isinstance(raw, dict):
            return raw
        return {key: value for key, value in raw.items() if not key.startswith("_")}

    @model_validator(mode="after")
    def _extensions_have_addresses(self) -> Self:
        if any(not isinstance(one.get("url"), str) for one in self.extension):
            raise ValueError("an extension without url")
        return self

    def values(self, url: str, *kinds: str) -> list[Any]:
        """The values of the extensions of this address: the first of `kinds` (`valueDecimal`, …) that each holds."""
        held = [one for one in self.extension if one["url"] == url]
        return [one[kind] for one in held for kind in kinds if kind in one]


class Coding(_Element):
    system: str | None = None
    version: str | None = None
    code: str | None = None
    display: str | None = None
    userSelected: StrictBool | None = None


class AnswerOption(_Element):
    valueInteger: StrictInt | None = None
    valueDate: str | None = None
    valueTime: str | None = None
    valueString: str | None = None
    valueCoding: Coding | None = None
    valueReference: dict[str, Any] | None = None
    initialSelected: StrictBool | None = None


class EnableWhen(_Element):
    question: str
    operator: Literal["exists", "=", "!=", ">", "<", ">=", "<="]
    answerBoolean: StrictBool | None = None
    answerDecimal: float | None = None
    answerInteger: StrictInt | None = None
    answerDate: str | None = None
    answerDateTime: str | None = None
    answerTime: str | None = None
    answerString: str | None = None
    answerCoding: Coding | None = None
    answerQuantity: dict[str, Any] | None = None
    answerReference: dict[str, Any] | None = None

    @property
    def answer(self) -> tuple[str, Any] | None:
        """The one answer compared with: (`answerCoding`, value); None when there is none or more than one."""
        names = [name for name in type(self).model_fields if name.startswith("answer")]
        held = [(name, getattr(self, name)) for name in names if getattr(self, name) is not None]
        return held[0] if len(held) == 1 else None


class Item(_Element):
    linkId: str = Field(min_length=1, max_length=200)
    definition: str | None = None
    code: tuple[Coding, ...] = ()
    prefix: str | None = Field(default=None, max_length=40)
    text: str | None = Field(default=None, max_length=4000)
    type: ItemType
    enableWhen: tuple[EnableWhen, ...] = ()
    enableBehavior: Literal["all", "any"] | None = None
    required: StrictBool = False
    repeats: StrictBool = False
    readOnly: StrictBool = False
    maxLength: StrictInt | None = Field(default=None, ge=1)
    answerValueSet: str | None = None
    answerOption: tuple[AnswerOption, ...] = ()
    initial: tuple[dict[str, Any], ...] = ()
    item: tuple[Item, ...] = ()


class Questionnaire(_Element):
    resourceType: Literal["Questionnaire"]
    meta: dict[str, Any] | None = None
    language: str | None = None
    text: dict[str, Any] | None = None
    contained: tuple[dict[str, Any], ...] = ()
    url: str = Field(min_length=1, max_length=300)
    identifier: tuple[dict[str, Any], ...] = ()
    version: str = Field(min_length=1, max_length=60)
    name: str | None = None
    title: str | None = None
    derivedFrom: tuple[str, ...] = ()
    status: Literal["draft", "active", "retired", "unknown"]
    experimental: StrictBool | None = None
    subjectType: tuple[str, ...] = ()
    date: str | None = None
    publisher: str | None = None
    contact: tuple[dict[str, Any], ...] = ()
    description: str | None = None
    useContext: tuple[dict[str, Any], ...] = ()
    jurisdiction: tuple[dict[str, Any], ...] = ()
    purpose: str | None = None
    copyright: str | None = None
    approvalDate: str | None = None
    lastReviewDate: str | None = None
    effectivePeriod: dict[str, Any] | None = None
    code: tuple[Coding, ...] = ()
    item: tuple[Item, ...] = Field(min_length=1)


def parse(source: str | bytes) -> tuple[Questionnaire, dict[str, Any]]:
    """The questionnaire in a JSON text and the JSON itself. Raises QuestionnaireError naming each place at fault."""
    if len(source) > LARGEST_BYTES:
        raise QuestionnaireError([("$", "the file is larger than 1 MB")])
    try:
        text = source.decode("utf-8-sig") if isinstance(source, bytes) else source
        raw = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise QuestionnaireError([("$", "the file is not UTF-8")])
    except RecursionError:
        raise QuestionnaireError([("$", "the file is nested too deeply")])
    except json.JSONDecodeError as error:
        raise QuestionnaireError([("$", f"not JSON: {error.msg} in line {error.lineno}")])
    except ValueError as error:
        raise QuestionnaireError([("$", str(error))])
    if not isinstance(raw, dict) or raw.get("resourceType") != "Questionnaire":
        raise QuestionnaireError([("$.resourceType", "not a FHIR Questionnaire")])
    if large := _too_large(raw):
        raise QuestionnaireError(large[:50])
    try:
        return Questionnaire.model_validate(raw), raw
    except ValidationError as error:
        raise QuestionnaireError(
            [(_path(item["loc"]), _said(item)) for item in error.errors(include_url=False)][:50]
        )


def _said(item: Any) -> str:
    """One fault in our words."""
    given = item.get("input")
    if item["type"] == "missing":
        return "this is needed and missing"
    if item["type"] == "extra_forbidden":
        return "FHIR R4 has no such element here, or Deqi does not take it"
    if item["type"] == "literal_error" and given in NOT_TAKEN:
        return f"items of type {given} are not taken"
    return f"{item['msg']} (given: {str(given)[:60]!r})"


def _path(loc: tuple[Any, ...]) -> str:
    """A place as JSON path: `$.item[2].answerOption[0]`."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)


def _too_large(raw: dict[str, Any]) -> list[tuple[str, str]]:
    """Every number beyond `LARGEST` with its place, wherever it stands: 1e400 is read as infinite, and not JSON."""
    found: list[tuple[str, str]] = []
    wait: list[tuple[str, Any]] = [("$", raw)]
    while wait:
        path, value = wait.pop()
        if isinstance(value, dict):
            wait += [(f"{path}.{key}", one) for key, one in value.items()]
        elif isinstance(value, list):
            wait += [(f"{path}[{n}]", one) for n, one in enumerate(value)]
        elif isinstance(value, int | float) and abs(value) > LARGEST:
            found.append((path, f"the number is too large; from -{LARGEST} to {LARGEST} are taken"))
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the same key twice: {next(key for key in keys if keys.count(key) > 1)}")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
