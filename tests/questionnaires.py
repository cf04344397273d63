"""Made-up questionnaires for tests: no words of anybody's."""

from __future__ import annotations

import json
from typing import Any

CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
ORDINAL = CORE + "ordinalValue"


def weighted(*weights: float, names: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Answer options with these weights."""
    return [
        {
            "valueCoding": {
                "system": "urn:x",
                "code": f"o{n}",
                "display": names[n] if names else f"answer {n}",
                "extension": [{"url": ORDINAL, "valueDecimal": weight}],
            }
        }
        for n, weight in enumerate(weights)
    ]


def choice(link_id: str, *weights: float, **more: Any) -> dict[str, Any]:
    """One choice with weights."""
    return {
        "linkId": link_id,
        "text": f"Question {link_id}",
        "type": "choice",
        "answerOption": weighted(*weights),
        **more,
    }


def calculated(
    link_id: str, expression: str, text: str = "Worked out", kind: str = "integer"
) -> dict[str, Any]:
    """One calculated item."""
    return {
        "linkId": link_id,
        "text": text,
        "type": kind,
        "readOnly": True,
        "extension": [
            {
                "url": SDC + "sdc-questionnaire-calculatedExpression",
                "valueExpression": {"language": "text/fhirpath", "expression": expression},
            }
        ],
    }


def questionnaire(
    *items: dict[str, Any], url: str = "https://example.org/forms/made-up", version: str = "1.0"
):
    """A Questionnaire of these items."""
    return {
        "resourceType": "Questionnaire",
        "url": url,
        "version": version,
        "status": "active",
        "title": "A made-up form",
        "copyright": "Nobody's",
        "item": list(items),
    }


def made_up(version: str = "1.0") -> dict[str, Any]:
    """A heading and a group, seven questions of every kind, three numbers worked out."""
    span = [
        {"url": CORE + "minValue", "valueInteger": 0},
        {"url": CORE + "maxValue", "valueInteger": 10},
    ]
    return questionnaire(
        {
            "linkId": "g",
            "text": "First part",
            "type": "group",
            "item": [
                {"linkId": "d", "text": "Think of this week.", "type": "display"},
                {"linkId": "1", "text": "How many?", "type": "integer", "required": True, "extension": span},
            ],
        },
        {"linkId": "2", "text": "How much?", "type": "decimal", "required": True},
        choice("3", 0, 1, 2, 3, item=[{"linkId": "3.1", "text": "Which?", "type": "string"}]),
        {
            "linkId": "4",
            "text": "Is it so?",
            "type": "boolean",
            "required": True,
            "enableWhen": [
                {"question": "3", "operator": "=", "answerCoding": {"system": "urn:x", "code": "o2"}},
                {"question": "3", "operator": "=", "answerCoding": {"system": "urn:x", "code": "o3"}},
            ],
            "enableBehavior": "any",
        },
        {
            "linkId": "5",
            "text": "Where?",
            "type": "choice",
            "repeats": True,
            "answerOption": [
                {"valueCoding": {"system": "urn:x", "code": code, "display": code}}
                for code in ("left", "right", "both")
            ],
        },
        {"linkId": "6", "text": "Anything else?", "type": "text", "maxLength": 500},
        calculated(
            "sum",
            "%resource.item.item.where(linkId='1').answer.value + "
            "%resource.item.where(linkId='3').answer.value.ordinal()",
            "Sum",
        ),
        calculated("mean", "%resource.item.where(linkId='sum').answer.value / 2", "Mean", "decimal"),
        calculated("double", "%resource.item.where(linkId='mean').answer.value * 4", "Double"),
        version=version,
    )


def tnsc_like() -> dict[str, Any]:
    """Seven parts of 0 to 4, three found by their code."""
    keys = [
        "sensory_symptoms",
        "motor_symptoms",
        "autonomic_symptoms",
        "pin",
        "vibration",
        "strength",
        "reflexes",
    ]
    items = [choice(key, 0, 1, 2, 3, 4) for key in keys[:4]]
    items += [
        choice(f"item{n}", 0, 1, 2, 3, 4, code=[{"code": key}]) for n, key in enumerate(keys[4:], start=5)
    ]
    return questionnaire(*items, url="https://example.org/forms/seven")


def source(**more: Any) -> bytes:
    """The made-up instrument as a file."""
    return json.dumps({**made_up(), **more}).encode()
