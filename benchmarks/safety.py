"""How quick is the safety screen? Prints each time and its ratio to a reference of the same run.

The reference is one strict reading of the rules (precautions.yaml through pydantic), measured in the same process.
Run: python -m benchmarks.safety
"""

from __future__ import annotations

from benchmarks.points import milliseconds
from deqi.science.case import case_from
from deqi.science.knowledge import data_path, load_yaml
from deqi.science.safety import screen
from deqi.science.safety.places import area_of
from deqi.science.safety.rules import _Precautions

PERSON = {
    "condition": "dpn",
    "facts": {"pregnant": True, "anticoagulant_kind": "warfarin", "pacemaker": True, "insensate_feet": True},
}
LINE = ["LI4", "SP6:left", "ST36", "LR3", "KI3", "GB34", "EX-LE10"]


def main() -> None:
    """Prints the table."""
    case = case_from(PERSON)
    every = sorted(area_of())
    path = data_path("deqi.science.safety", "precautions.yaml")
    reference = milliseconds(lambda: load_yaml(path, _Precautions), times=3)
    rows = [
        ("open plan", milliseconds(lambda: screen(case)), 5.0),
        ("seven points, electrical", milliseconds(lambda: screen(case, LINE, "electro")), 5.0),
        ("all 409 points", milliseconds(lambda: screen(case, every, "manual")), None),
    ]
    print(f"reference: precautions.yaml read strictly, {reference:.1f} ms")
    for name, taken, wanted in rows:
        goal = f"   wanted {wanted:g} ms" if wanted else ""
        print(f"{name:28} {taken:8.2f} ms   {taken / reference:8.5f} of the reference{goal}")


if __name__ == "__main__":
    main()
