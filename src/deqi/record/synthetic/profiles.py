"""Who comes to the synthetic clinic: names, and what each kind of neuropathy looks like there.

All of it is invented, with the usual order of magnitude; nothing here is a clinical statement.
"""

from __future__ import annotations

from dataclasses import dataclass

GIVEN = [
    "Amara",
    "Bram",
    "Celia",
    "Dariusz",
    "Elif",
    "Farid",
    "Gita",
    "Hugo",
    "Imani",
    "Jonas",
    "Keiko",
    "Leila",
    "Marta",
    "Nadim",
    "Olga",
    "Pedro",
    "Quynh",
    "Rosa",
    "Sanjay",
    "Tova",
    "Umut",
    "Vera",
    "Wren",
    "Xenia",
    "Yusuf",
    "Zoe",
    "Anders",
    "Bettina",
    "Chidi",
    "Dora",
    "Emil",
    "Fatima",
    "Goran",
    "Hana",
    "Ivo",
    "Jelena",
    "Kwame",
    "Lina",
    "Mehmet",
    "Nora",
]
#: Which of these are men's names; the others are women's.
MENS = frozenset(
    [
        "Bram",
        "Dariusz",
        "Farid",
        "Hugo",
        "Jonas",
        "Nadim",
        "Pedro",
        "Sanjay",
        "Umut",
        "Yusuf",
        "Anders",
        "Chidi",
        "Emil",
        "Goran",
        "Ivo",
        "Kwame",
        "Mehmet",
    ]
)
FAMILY = [
    "Abara",
    "Bergman",
    "Castel",
    "Dvorak",
    "Esposito",
    "Farouk",
    "Grieg",
    "Hollis",
    "Ito",
    "Jansen",
    "Kaplan",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Petrov",
    "Quist",
    "Rahman",
    "Silva",
    "Tanaka",
    "Ueda",
    "Varga",
    "Wiśniewska",
    "Xu",
    "Yildiz",
    "Zeman",
    "Arslan",
    "Brandt",
    "Costa",
    "Duarte",
    "Eklund",
    "Fischer",
    "Greene",
    "Haas",
    "Ilić",
    "Jovanović",
    "Keller",
    "Lopez",
    "Mensah",
    "Nyström",
]


@dataclass(frozen=True)
class Profile:
    """One kind of person. `symptoms` maps a symptom to its usual level at the start (0-10)."""

    condition: str
    label: str
    icd10: str
    share: float
    symptoms: dict[str, float]
    regions: tuple[str, ...]
    line: str
    goal: str
    medicines: tuple[tuple[str, str, str], ...]  # name, dose, what for
    facts: dict[str, object]
    improvement: float  # mean fall of the usual level over a course, points


FEET = ("toes_outer", "forefoot_top", "ball_of_foot", "foot_top", "heel")
HANDS = ("fingers_palm", "fingers_back", "palm")

PROFILES = (
    Profile(
        "dpn",
        "Diabetic polyneuropathy",
        "E11.42",
        0.42,
        {"burning": 6.0, "tingling": 5.4, "numbness": 6.2},
        FEET,
        "ST36 both 25mm; SP6 both 20mm; KI3 both 12mm; LR3 both 15mm; BAFENG both 8mm; LI4 right 12mm",
        "Walk the dog round the park without stopping",
        (("Metformin", "1 g twice a day", "diabetes"), ("Pregabalin", "75 mg twice a day", "nerve pain")),
        {"diabetes": True, "insensate_feet": True, "anticoagulant": False},
        1.6,
    ),
    Profile(
        "cipn",
        "Neuropathy after chemotherapy",
        "G62.0",
        0.28,
        {"tingling": 5.6, "numbness": 6.4, "pain": 4.1},
        FEET[:3] + HANDS[:2],
        "LI4 both 12mm; TE5 both 15mm; BAXIE both 8mm; ST36 both 25mm; SP6 both 20mm; BAFENG both 8mm",
        "Do up buttons and feel the keys of the piano",
        (("Duloxetine", "30 mg in the morning", "nerve pain"),),
        {"on_chemotherapy": False, "diabetes": False, "anticoagulant": False},
        1.0,
    ),
    Profile(
        "cts",
        "Carpal tunnel syndrome",
        "G56.00",
        0.12,
        {"tingling": 5.8, "pain": 4.6, "numbness": 4.8},
        HANDS,
        "PC7 right 8mm; PC6 right 15mm; HT7 right 8mm; LI4 right 12mm; LI10 right 20mm; TE5 right 15mm",
        "Sleep through without shaking out the hand",
        (),
        {"diabetes": False, "anticoagulant": False},
        1.8,
    ),
    Profile(
        "idiopathic",
        "Neuropathy without a known cause",
        "G60.3",
        0.12,
        {"burning": 5.2, "numbness": 5.8, "cramps": 3.8},
        FEET,
        "ST36 both 25mm; GB34 both 20mm; SP6 both 20mm; KI3 both 12mm; LR3 both 15mm",
        "Stand through choir practice",
        (("Amitriptyline", "10 mg at night", "nerve pain, sleep"),),
        {"diabetes": False, "anticoagulant": True, "anticoagulant_kind": "doac"},
        0.9,
    ),
    Profile(
        "phn",
        "Pain after shingles",
        "B02.29",
        0.06,
        {"pain": 6.4, "burning": 6.0},
        ("chest", "upper_back"),
        "LI4 both 12mm; TE6 both 15mm; GB34 both 20mm; LR3 both 15mm",
        "Wear a shirt again without minding it",
        (("Gabapentin", "300 mg three times a day", "nerve pain"),),
        {"diabetes": False, "anticoagulant": False},
        1.2,
    ),
)
