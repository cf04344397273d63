"""How quick is finding a person among 100,000? Prints median and slowest of each search, and its ratio to a reference.

The reference is one patient read by id, measured in the same run. The database is SQLite in a temporary folder, or
the one of DEQI_DATABASE_URL when `--here` is given (an empty database made for this; it is filled).
Run: python -m benchmarks.people [--patients 100000] [--here]
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta

GIVEN = [
    "Ada",
    "Ben",
    "Cleo",
    "Dora",
    "Egon",
    "Fay",
    "Gus",
    "Hana",
    "Ivo",
    "Jana",
    "Karl",
    "Lena",
    "Mona",
    "Nils",
    "Olga",
    "Paul",
    "Rosa",
    "Sven",
    "Tara",
    "Uwe",
    "Vera",
    "Zoë",
]
FIRST = [
    "Al",
    "Bar",
    "Cor",
    "Dun",
    "El",
    "Fal",
    "Gar",
    "Hol",
    "Is",
    "Jar",
    "Kel",
    "Lor",
    "Mar",
    "Nor",
    "Os",
    "Par",
    "Quin",
    "Ros",
    "Sel",
    "Tor",
    "Ul",
    "Var",
    "Wen",
    "Yor",
    "Zel",
]
LAST = [
    "bach",
    "berg",
    "dale",
    "den",
    "field",
    "ford",
    "gate",
    "ham",
    "holm",
    "land",
    "ley",
    "lin",
    "man",
    "mere",
    "mont",
    "more",
    "ner",
    "rick",
    "son",
    "stead",
    "ton",
    "vik",
    "wald",
    "well",
    "wood",
]
SEARCHES = ("elm", "marham", "zoe", "marham zo", "4 Mar 1958", "50001", "nobodyhere")


def fill(patients: int):
    """The clinic; every tenth person belongs to the second site. Returns the acting front desk of the first."""
    from deqi.record.patients.models import Patient
    from deqi.record.practice.models import Organization, Role, Site, User
    from deqi.record.practice.queries import actor_of

    organization = Organization.objects.create(name="Benchmark", synthetic=True)
    sites = [Site.objects.create(organization=organization, name=n, jurisdiction="GB") for n in ("A", "B")]
    draw = random.Random(7)
    rows = []
    for number in range(1, patients + 1):
        given, family = draw.choice(GIVEN), draw.choice(FIRST) + draw.choice(LAST)
        person = Patient(
            record_number=number,
            home_site=sites[number % 10 == 0],
            given_name=given,
            family_name=family,
            birth_date=date(1930, 1, 1) + timedelta(days=draw.randrange(25_000)),
        )
        person.index_names()
        rows.append(person)
    Patient.objects.bulk_create(rows, batch_size=2000)
    user = User.objects.create_user("desk@benchmark.example", "Desk")
    Role.objects.create(user=user, role="front_desk", site=sites[0])
    return actor_of(user), rows[patients // 2].pk


def timed(work: Callable[[], object], times: int = 30) -> tuple[float, float]:
    """Median and slowest of `times` calls, in milliseconds, after one to warm up."""
    work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken), max(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--here", action="store_true")
    asked = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "deqi.config.settings"
    os.environ["DEQI_HOME"] = tempfile.mkdtemp(prefix="deqi-people-")
    if not asked.here:
        os.environ["DEQI_DATABASE_URL"] = ""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from deqi.record.patients.models import Patient
    from deqi.record.patients.queries.people import find_patients

    call_command("migrate", verbosity=0)
    desk, one = fill(asked.patients)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    reference, _slowest = timed(lambda: Patient.objects.get(pk=one), 100)
    print(
        f"{asked.patients:,} patients, {connection.vendor}; reference (one patient by id): {reference:.2f} ms"
    )
    for text in SEARCHES:
        found = len(find_patients(desk, text).patients)
        median, slowest = timed(lambda text=text: find_patients(desk, text))
        print(
            f"{text:12} {found:3} shown  {median:7.1f} ms, slowest {slowest:7.1f} ms  {median / reference:6.1f} x reference"
        )


if __name__ == "__main__":
    main()
