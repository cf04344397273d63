"""From a FHIR R4 Questionnaire to a form, or to every fault in it with its place in the JSON.

What is not understood and may be passed over (a style, a hint on rendering) is listed in `Form.ignored`; what would
change questions or scores and is not understood is refused. docs/questionnaires.md says what is taken.

Example:
    >>> form = read_questionnaire('''{"resourceType": "Questionnaire", "url": "urn:x", "version": "1",
    ...   "status": "active", "item": [{"linkId": "a", "text": "How many?", "type": "integer"}]}''')
    >>> [item.link_id for item in form.questions]
    ['a']
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deqi.science.days import is_day
from deqi.science.measures.questionnaire import resource as fhir
from deqi.science.measures.questionnaire.fhirpath import WEIGHTS, ExpressionError, check
from deqi.science.measures.questionnaire.form import NUMERIC, Condition, Form, Item, Option
from deqi.science.measures.questionnaire.resource import QuestionnaireError, parse

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
CORE = "http://hl7.org/fhir/StructureDefinition/"
CALCULATED = f"{SDC}sdc-questionnaire-calculatedExpression"
ENABLED = f"{SDC}sdc-questionnaire-enableWhenExpression"
VARIABLE = f"{CORE}variable"
LEAST, MOST = f"{CORE}minValue", f"{CORE}maxValue"
UNIT, HIDDEN = f"{CORE}questionnaire-unit", f"{CORE}questionnaire-hidden"
UNDERSTOOD = {CALCULATED, ENABLED, VARIABLE, *WEIGHTS, LEAST, MOST, UNIT, HIDDEN}
#: They fill or check answers; passing over them would change what is recorded.
REFUSED = {
    f"{SDC}sdc-questionnaire-{name}"
    for name in ("initialExpression", "answerExpression", "candidateExpression", "itemPopulationContext")
} | {f"{CORE}cqf-expression", f"{CORE}cqf-calculatedValue", f"{CORE}questionnaire-constraint"}
MOST_ITEMS, MOST_OPTIONS, MOST_VARIABLES, DEEPEST = 400, 200, 60, 6


def read_questionnaire(source: str | bytes) -> Form:
    """The form in a JSON text. Raises QuestionnaireError with every fault and its JSON path."""
    return form_from(*parse(source))


def form_from(questionnaire: fhir.Questionnaire, raw: Mapping[str, Any]) -> Form:
    """Builds and checks the form. Raises QuestionnaireError."""
    reading = _Reading(questionnaire)
    if any(key in raw for key in ("modifierExtension", "implicitRules")):
        reading.fault("$", "it carries a rule (modifierExtension or implicitRules) that changes its meaning")
    variables = reading.variables(questionnaire, "$")
    for n, item in enumerate(questionnaire.item):
        reading.item(item, f"$.item[{n}]", ())
    if not reading.problems:
        reading.links()
    if not reading.problems and not any(item.asked for item in reading.items.values()):
        reading.fault("$.item", "there is no question in it")
    if reading.problems:
        raise QuestionnaireError(reading.problems[:50])
    title = questionnaire.title or questionnaire.name or questionnaire.url
    return Form(
        questionnaire.url,
        questionnaire.version,
        title,
        questionnaire.name or title,
        questionnaire.copyright or "",
        variables,
        reading.items,
        raw,
        tuple(sorted(reading.ignored)),
        _headings(reading.items),
    )


def _headings(items: Mapping[str, Item]) -> dict[str, tuple[str, ...]]:
    """What stands above each question: the texts of its groups, and displays since the question before."""
    found, pending = {}, []
    for item in items.values():
        if item.type == "display":
            pending.append((item.parents, item.text))
        if item.asked:
            groups = [items[above].text for above in item.parents if items[above].type == "group"]
            said = [text for parents, text in pending if item.parents[: len(parents)] == parents]
            found[item.link_id] = tuple(text for text in (*groups, *said) if text)
            pending = []
    return found


class _Reading:
    """Walks the items and gathers faults."""

    def __init__(self, questionnaire: fhir.Questionnaire):
        self.problems: list[tuple[str, str]] = []
        self.items: dict[str, Item] = {}
        self.ignored: set[str] = set()
        self.raw: dict[str, fhir.Item] = {}
        self.counted_variables = 0
        self.value_sets = {
            f"#{one.get('id')}": one
            for one in questionnaire.contained
            if one.get("resourceType") == "ValueSet"
        }

    def fault(self, path: str, message: str) -> None:
        self.problems.append((path, message))

    def extensions(self, element: Any, path: str) -> None:
        for one in element.extension:
            url = one["url"]
            if url in REFUSED:
                self.fault(
                    f"{path}.extension", f"{url.rsplit('/', 1)[-1]} is not taken: it would change the answers"
                )
            elif url not in UNDERSTOOD:
                self.ignored.add(url)

    def expression(self, value: Any, path: str) -> str | None:
        if not isinstance(value, dict) or value.get("language") != "text/fhirpath":
            self.fault(path, "only expressions in text/fhirpath are taken")
            return None
        text = value.get("expression")
        if not isinstance(text, str):
            self.fault(path, "there is no expression")
            return None
        try:
            check(text)
        except ExpressionError as error:
            self.fault(path, str(error))
        return text

    def variables(self, element: Any, path: str) -> tuple[tuple[str, str], ...]:
        if element.__class__ is fhir.Questionnaire:
            self.extensions(element, path)
        found = []
        for value in element.values(VARIABLE, "valueExpression"):
            name = value.get("name") if isinstance(value, dict) else None
            text = self.expression(value, f"{path}.extension(variable)")
            if (
                not isinstance(name, str)
                or not name.isidentifier()
                or name in ("resource", "context", "questionnaire")
            ):
                self.fault(f"{path}.extension(variable)", f"{name!r} is not a name for a variable")
            elif text:
                found.append((name, text))
        self.counted_variables += len(found)
        if self.counted_variables > MOST_VARIABLES:
            self.fault(path, f"more than {MOST_VARIABLES} variables")
        return tuple(found)

    def item(self, item: fhir.Item, path: str, parents: tuple[str, ...]) -> None:
        if item.linkId in self.items:
            self.fault(f"{path}.linkId", f"{item.linkId!r} stands there twice")
            return
        if len(self.items) >= MOST_ITEMS or len(parents) >= DEEPEST:
            self.fault(path, f"more than {MOST_ITEMS} items, or deeper than {DEEPEST}")
            return
        self.extensions(item, path)
        calculated = self.one(item, CALCULATED, path)
        self.raw[item.linkId] = item
        hidden = any(item.values(HIDDEN, "valueBoolean"))
        self.items[item.linkId] = Item(
            link_id=item.linkId,
            path=path,
            type=item.type,
            text=item.text or "",
            prefix=item.prefix or "",
            required=item.required,
            repeats=item.repeats,
            hidden=hidden,
            calculated=calculated,
            enabled_by=self.one(item, ENABLED, path),
            conditions=(),
            any_condition=item.enableBehavior == "any",
            options=self.options(item, path),
            variables=self.variables(item, path),
            least=self.bound(item, LEAST, path),
            most=self.bound(item, MOST, path),
            longest=min(item.maxLength or 2000, 2000),
            unit=next(
                (str(u.get("display") or u.get("code") or "") for u in item.values(UNIT, "valueCoding")), ""
            ),
            code=item.code[0].model_dump(exclude_none=True, exclude={"extension"}) if item.code else None,
            parents=parents,
        )
        self.shape(item, path, calculated)
        for n, child in enumerate(item.item):
            self.item(child, f"{path}.item[{n}]", (*parents, item.linkId))

    def one(self, item: fhir.Item, url: str, path: str) -> str | None:
        values = item.values(url, "valueExpression")
        name = url.rsplit("-", 1)[-1]
        if len(values) > 1:
            self.fault(f"{path}.extension({name})", "more than one")
        return self.expression(values[0], f"{path}.extension({name})") if values else None

    def bound(self, item: fhir.Item, url: str, path: str) -> float | None:
        values = item.values(url, "valueInteger", "valueDecimal")
        if values and item.type not in NUMERIC:
            self.fault(path, "a least or greatest value is taken for numbers only")
            return None
        if values and (isinstance(values[0], bool) or not isinstance(values[0], int | float)):
            self.fault(path, f"{values[0]!r} is not a number")
            return None
        return float(values[0]) if values else None

    def shape(self, item: fhir.Item, path: str, calculated: str | None) -> None:
        """What R4 asks of an item beyond the shape of each element."""
        held = self.items[item.linkId]
        if held.asked and not held.text and not held.prefix:
            self.fault(f"{path}.text", "a question needs its words")
        if item.type == "group" and not item.item:
            self.fault(f"{path}.item", "a group needs items")
        if item.type == "display" and (item.item or item.required or item.repeats):
            self.fault(path, "a display has no items and is not answered")
        if item.repeats and item.type != "choice":
            self.fault(f"{path}.repeats", "only a choice may have several answers")
        if item.repeats and item.item:
            self.fault(f"{path}.item", "items under a question with several answers are not taken")
        if item.type == "choice" and not held.options and not calculated:
            self.fault(path, "a choice needs answerOption, or a ValueSet contained in the file")
        if item.type != "choice" and (item.answerOption or item.answerValueSet):
            self.fault(path, f"answer options are taken for type choice, not {item.type}")
        if calculated and item.type not in (*NUMERIC, "string", "boolean"):
            self.fault(f"{path}.type", "what is worked out is a number, a yes or no, or a string")
        if item.readOnly and not calculated and item.type not in ("group", "display") and not held.hidden:
            self.fault(f"{path}.readOnly", "a question that nobody may answer and nothing works out")
        if held.least is not None and held.most is not None and held.least > held.most:
            self.fault(path, "the least value is above the greatest")
        if len(item.enableWhen) > 1 and item.enableBehavior is None:
            self.fault(f"{path}.enableBehavior", "needed with more than one enableWhen")
        if item.initial or any(option.initialSelected for option in item.answerOption):
            self.fault(path, "an answer given beforehand is not taken: it would pull the answer")

    def options(self, item: fhir.Item, path: str) -> tuple[Option, ...]:
        given = list(item.answerOption)
        if item.answerValueSet:
            given += self.contained(item.answerValueSet, path)
        if len(given) > MOST_OPTIONS:
            self.fault(path, f"more than {MOST_OPTIONS} answers")
        found = []
        for n, option in enumerate(given):
            made = _option(option)
            if made is None:
                self.fault(
                    f"{path}.answerOption[{n}]", "an answer is a coding, a whole number, a date or a string"
                )
            else:
                found.append(made)
        labels = [option.label for option in found]
        if len(labels) != len(set(labels)):
            self.fault(f"{path}.answerOption", "two answers read alike")
        return tuple(found)

    def contained(self, reference: str, path: str) -> list[fhir.AnswerOption]:
        """The codes of a contained ValueSet, as listed or as expanded."""
        held = self.value_sets.get(reference)
        if held is None:
            self.fault(
                f"{path}.answerValueSet", f"{reference} is not contained in the file; nothing is looked up"
            )
            return []
        rows: list[dict[str, Any]] = list(held.get("expansion", {}).get("contains", []))
        for include in [] if rows else held.get("compose", {}).get("include", []):
            rows += [{"system": include.get("system"), **one} for one in include.get("concept", [])]
        try:
            return [
                fhir.AnswerOption.model_validate(
                    {
                        "valueCoding": {
                            k: v for k, v in row.items() if k in ("system", "code", "display", "extension")
                        }
                    }
                )
                for row in rows
            ]
        except ValueError:
            self.fault(f"{path}.answerValueSet", f"the codes of {reference} cannot be read")
            return []

    def links(self) -> None:
        """Resolves every enableWhen, then looks for circles."""
        for link_id, item in self.raw.items():
            path = self.items[link_id].path
            conditions = [
                self.condition(link_id, one, f"{path}.enableWhen[{n}]")
                for n, one in enumerate(item.enableWhen)
            ]
            good = tuple(one for one in conditions if one is not None)
            self.items[link_id] = replace(self.items[link_id], conditions=good)
        for link_id in self.items:
            if not self.problems and link_id in self.reached(link_id):
                self.fault(self.items[link_id].path, "whether it is shown depends on itself")

    def reached(self, link_id: str) -> set[str]:
        """Everything that decides, in turn, whether an item is shown."""
        seen: set[str] = set()
        wait = [link_id]
        while wait:
            item = self.items[wait.pop()]
            for above in (*item.parents, *(condition.question for condition in item.conditions)):
                if above not in seen:
                    seen.add(above)
                    wait.append(above)
        return seen

    def condition(self, link_id: str, when: fhir.EnableWhen, path: str) -> Condition | None:
        asked = self.items.get(when.question)
        if asked is None or asked.type in ("group", "display"):
            self.fault(f"{path}.question", f"there is no question {when.question!r}")
            return None
        if when.answer is None:
            self.fault(path, "exactly one answer[x] is needed")
            return None
        name, value = when.answer
        if when.operator == "exists":
            if name != "answerBoolean":
                self.fault(path, "exists is compared with true or false")
            return Condition(when.question, when.operator, value)
        wanted = {"boolean": ("answerBoolean",), "integer": ("answerInteger", "answerDecimal"),
                  "decimal": ("answerDecimal", "answerInteger"), "date": ("answerDate",),
                  "string": ("answerString",), "text": ("answerString",),
                  "choice": ("answerCoding", "answerInteger", "answerString", "answerDate")}[asked.type]  # fmt: skip
        if name not in wanted or (
            when.operator in (">", "<", ">=", "<=") and asked.type not in (*NUMERIC, "date")
        ):
            self.fault(path, f"{name} {when.operator} cannot be asked of a {asked.type} question")
            return None
        if asked.type == "choice":
            place = _place(asked.options, name, value)
            if place is None:
                self.fault(path, f"that is not an answer of {when.question!r}")
                return None
            value = place
        if asked.type == "date" and not is_day(value):
            self.fault(path, f"{value!r} is not a day")
        return Condition(when.question, when.operator, value)


def _option(option: fhir.AnswerOption) -> Option | None:
    value: dict[str, Any]
    weights = [w for url in WEIGHTS for w in option.values(url, "valueDecimal", "valueInteger")]
    if option.valueCoding is not None:
        coding = option.valueCoding
        weights += [w for url in WEIGHTS for w in coding.values(url, "valueDecimal", "valueInteger")]
        label = coding.display or coding.code or ""
        value = {"valueCoding": _coding(coding, weights)}
    elif option.valueInteger is not None:
        label, value = str(option.valueInteger), {"valueInteger": option.valueInteger}
        weights.append(option.valueInteger)
    elif option.valueString is not None:
        label, value = option.valueString, {"valueString": option.valueString}
    elif option.valueDate is not None and is_day(option.valueDate):
        label, value = option.valueDate, {"valueDate": option.valueDate}
    else:
        return None
    weight = weights[0] if weights else None
    if isinstance(weight, bool) or not isinstance(weight, int | float | None) or not label:
        return None
    return Option(label, float(weight) if weight is not None else None, value)


def _coding(coding: fhir.Coding, weights: list[Any]) -> dict[str, Any]:
    """The code as a response carries it, its weight beside it, so that expressions find it there."""
    found: dict[str, Any] = {
        name: getattr(coding, name)
        for name in ("system", "version", "code", "display")
        if getattr(coding, name)
    }
    if weights:
        found["extension"] = [{"url": WEIGHTS[0], "valueDecimal": weights[0]}]
    return found


def _place(options: tuple[Option, ...], name: str, value: Any) -> int | None:
    """Which option an enableWhen means."""
    for n, option in enumerate(options):
        held = option.value.get("value" + name.removeprefix("answer"))
        if name == "answerCoding" and held is not None:
            if held.get("code") == value.code and value.system in (None, held.get("system")):
                return n
        elif held is not None and held == value:
            return n
    return None
