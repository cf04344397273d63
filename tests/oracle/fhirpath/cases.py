"""Responses and expressions for the comparison with the npm package; written to cases.json by `python cases.py`."""

import json
import random
from pathlib import Path

ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"


def coding(code: str, weight: float | int | None) -> dict:
    found = {"system": "urn:x", "code": code, "display": code.upper()}
    if weight is not None:
        found["extension"] = [{"url": ORDINAL, "valueDecimal": weight}]
    return {"valueCoding": found}


def responses() -> list[dict]:
    chance = random.Random(7)
    made = []
    for n in range(4):
        items = []
        for k in range(1, 8):
            answer = [coding("abcde"[w], w) for w in [chance.randint(0, 4)]]
            items.append(
                {"linkId": f"c{k}", "answer": answer} if chance.random() > 0.15 * n else {"linkId": f"c{k}"}
            )
        items.append({"linkId": "i", "answer": [{"valueInteger": chance.randint(0, 10)}]})
        items.append({"linkId": "d", "answer": [{"valueDecimal": round(chance.uniform(0, 9), 2)}]})
        items.append({"linkId": "b", "answer": [{"valueBoolean": n % 2 == 0}]})
        items.append({"linkId": "s", "answer": [{"valueString": "word"}]})
        items.append({"linkId": "t", "answer": [{"valueDate": "2026-03-04"}]})
        items.append(
            {"linkId": "m", "answer": [coding("x", 1.5), coding("y", 2), coding("z", 0)][:n]}
            if n
            else {"linkId": "m"}
        )
        items.append(
            {
                "linkId": "g",
                "item": [{"linkId": f"g.{k}", "answer": [{"valueInteger": k + n}]} for k in (1, 2, 3)],
            }
        )
        made.append({"resourceType": "QuestionnaireResponse", "status": "completed", "item": items})
    return made


ITEM = "%resource.item.where(linkId='{}').answer.value"
EXPRESSIONS = [
    "%resource.item.where(linkId.startsWith('c') or linkId = 'm').answer.value.ordinal().sum()",
    "%resource.item.where(linkId.startsWith('c')).answer.value.weight().sum()",
    "%resource.item.where(linkId.startsWith('c')).answer.value.extension('" + ORDINAL + "').value.sum()",
    "%resource.item.where(linkId.startsWith('c')).answer.value.ordinal().sum()",
    "%resource.item.where(linkId in ('c1' | 'c3' | 'c5')).answer.value.ordinal().sum()",
    "%resource.item.where(linkId.startsWith('c')).answer.value.ordinal().avg()",
    "%resource.item.where(linkId.startsWith('c')).answer.value.ordinal().max()",
    "%resource.item.where(linkId.startsWith('c')).answer.value.ordinal().min()",
    "%resource.item.where(linkId.startsWith('c') and answer.exists()).count()",
    "iif(%resource.item.where(linkId.startsWith('c') and answer.exists()).count() >= 6, "
    "%resource.item.where(linkId.startsWith('c')).answer.value.ordinal().avg() * 7, {})",
    "%resource.item.where(linkId='g').item.answer.value.sum()",
    "%resource.item.where(linkId='g').item.answer.value.aggregate($this + $total, 0)",
    "%resource.item.where(linkId='g').item.answer.value.aggregate($total + $this, 10)",
    "%resource.descendants().where(linkId='g.2').answer.value",
    "%resource.item.item.where(linkId='g.1').answer.value + 1",
    ITEM.format("i") + " * 2",
    ITEM.format("i") + " / 4",
    ITEM.format("i") + " div 3",
    ITEM.format("i") + " mod 3",
    ITEM.format("i") + " - 20",
    "-" + ITEM.format("i"),
    "(" + ITEM.format("i") + " + " + ITEM.format("d") + ").round(1)",
    ITEM.format("d") + ".round(0)",
    ITEM.format("d") + ".floor()",
    ITEM.format("d") + ".ceiling()",
    ITEM.format("d") + ".truncate()",
    "(" + ITEM.format("d") + " - 5).abs()",
    ITEM.format("i") + " > 4",
    ITEM.format("i") + " >= 4 and " + ITEM.format("i") + " <= 8",
    ITEM.format("i") + " = 4 or " + ITEM.format("b"),
    ITEM.format("b"),
    ITEM.format("b") + ".not()",
    "iif(" + ITEM.format("b") + ", 1, 0)",
    "iif(" + ITEM.format("b") + " = true, 1, 0) + iif(" + ITEM.format("i") + " > 3, 1, 0)",
    ITEM.format("b") + " implies " + ITEM.format("i") + " > 3",
    ITEM.format("b") + " xor true",
    ITEM.format("s"),
    ITEM.format("s") + ".length()",
    ITEM.format("s") + ".upper()",
    ITEM.format("s") + " & '!'",
    ITEM.format("s") + " = 'word'",
    ITEM.format("s") + " ~ 'WORD'",
    ITEM.format("t") + " > @2026-01-01",
    ITEM.format("t") + ".exists()",
    ITEM.format("m") + ".code",
    ITEM.format("m") + ".ordinal().sum()",
    ITEM.format("m") + ".count()",
    ITEM.format("m") + ".where(code='y').exists()",
    ITEM.format("m") + ".all(system = 'urn:x')",
    ITEM.format("m") + ".first().code",
    ITEM.format("m") + ".last().code",
    ITEM.format("m") + ".skip(1).code",
    ITEM.format("m") + ".take(1).code",
    ITEM.format("m") + ".code.distinct().count()",
    ITEM.format("m") + "[0].code",
    ITEM.format("m") + ".code contains 'x'",
    "'x' in " + ITEM.format("m") + ".code",
    ITEM.format("nowhere"),
    ITEM.format("nowhere") + " + 1",
    ITEM.format("nowhere") + ".empty()",
    ITEM.format("nowhere") + ".sum()",
    ITEM.format("nowhere") + ".count()",
    "%a + %b",
    "%a.empty()",
    "(%b | %a | 3).count()",
    "(%b | 2 | 3).sum()",
    "%list.select($this * 2)",
    "%list.where($this > 1).count()",
    "%list.sum() / %list.count()",
    "%list.select($index + $this)",
    "%list.exists($this = 2)",
    "%list.combine(%list).count()",
    "%list.union(5 | 6).count()",
    "%list.intersect(2 | 9)",
    "%list.exclude(2 | 9)",
    "%list.tail().count()",
    "0.1 + 0.2",
    "10 / 3 * 3",
    "(10 / 4).toInteger()",
    "'12'.toInteger() + 1",
    "'1.5'.toDecimal() * 2",
    "7.toString()",
    "2.5.round(0)",
    "(-2.5).round(0)",
    "0.125.round(2)",
    "1 = 1.0",
    "{} = 1",
    "{}.exists()",
    "(1 | 1 | 2).count()",
    "%resource.item.answer.value.ofType(integer)",
    "%resource.item.answer.value.ofType(decimal)",
    "%resource.item.answer.value.ofType(boolean)",
    "%resource.item.answer.value.ofType(Coding).count()",
    "item.count()",
    "QuestionnaireResponse.item.where(linkId='i').answer.value",
    "status",
    "item.answer.value.ofType(string) = 'word'",
]
#: Given beside the response.
VARIABLES = {"a": 2, "b": 5, "list": [1, 2, 3]}

#: Expressions that stand at the item `g`.
AT_ITEM = [
    "item.answer.value.sum()",
    "item.where(linkId='g.2').answer.value",
    "linkId",
    "%context.item.count()",
    "%resource.item.count()",
    "item.count() = 3",
    "answer.empty()",
]
#: The package wants it for `ordinal` and `weight`. For an answer without a weight it would ask a terminology server,
#: which we never do (it gives nothing there): that difference is not among the cases.
QUESTIONNAIRE = {
    "resourceType": "Questionnaire",
    "status": "active",
    "item": [{"linkId": "m", "type": "choice", "repeats": True, "answerOption": [
        {"valueCoding": {"system": "urn:x", "code": code}} for code in "xyz"]}],
}  # fmt: skip

if __name__ == "__main__":
    found = {
        "responses": responses(),
        "variables": VARIABLES,
        "expressions": EXPRESSIONS,
        "at_item": AT_ITEM,
        "questionnaire": QUESTIONNAIRE,
    }
    Path(__file__).with_name("cases.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
