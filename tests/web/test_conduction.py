"""Nerve conduction comes in whole, once, and stands on the chart and among the measures of a mechanism."""

from datetime import date, timedelta

import pytest

from deqi.record.audit.models import AuditEntry
from deqi.record.care.actions.conduction import ConductionRefused, import_conduction
from deqi.record.care.models import Observation
from deqi.record.care.queries.conduction import conduction_columns, conduction_rows
from deqi.record.errors import Forbidden, NotFound
from deqi.record.together import together

HEADER = "nerve,side,amplitude_uv,velocity_m_s,date,lab,device\n"


def row(days: int, amplitude: float, lab: str = "North lab", nerve: str = "sural") -> str:
    return f"{nerve},left,{amplitude},41,{date.today() - timedelta(days=days)},{lab},K2\n"


def test_each_figure_is_an_observation_and_the_table_again_changes_nothing(people, course):
    alice, eve = people.actor("alice"), people.eve_patient
    source = HEADER + row(100, 4) + row(10, 8)
    done = import_conduction(alice, eve.id, source)
    assert (done.added, done.already) == (4, 0)
    assert import_conduction(alice, eve.id, source).added == 0
    held = Observation.objects.filter(code="sural_snap_uv_left").order_by("effective_at")
    assert [(float(one.value), one.unit, one.channel, one.text) for one in held] == [
        (4.0, "µV", "import", "North lab; K2"), (8.0, "µV", "import", "North lab; K2"),
    ]  # fmt: skip
    assert [one.course for one in held] == [None, course]
    assert AuditEntry.objects.filter(verb="conduction.import", patient_id=eve.id).count() == 1


@pytest.mark.parametrize(
    "rows, message",
    [([row(10, 4), row(-2, 4, lab="x")], "future"), ([row(10, 4), row(36_000, 4, lab="x")], "before birth"),
     ([row(10, 4), row(9, 4000)], "is the unit right")],
)  # fmt: skip
def test_one_fault_keeps_nothing(people, rows, message):
    with pytest.raises(ConductionRefused) as refused:
        import_conduction(people.actor("alice"), people.eve_patient.id, HEADER + "".join(rows))
    assert message in str(refused.value.faults[0]) and refused.value.faults[0].row == 3
    assert not Observation.objects.exists()


def test_what_is_in_the_record_does_not_change(people):
    alice, eve = people.actor("alice"), people.eve_patient
    import_conduction(alice, eve.id, HEADER + row(10, 4))
    with pytest.raises(ConductionRefused) as refused:
        import_conduction(alice, eve.id, HEADER + row(10, 5) + row(5, 5))
    assert "does not change" in str(refused.value.faults[0])
    assert Observation.objects.filter(patient=eve).count() == 2


def test_only_whom_it_concerns_brings_it_in(people):
    for who, wrong in (("carol", Forbidden), ("dan", NotFound)):
        with pytest.raises(wrong):
            import_conduction(people.actor(who), people.eve_patient.id, HEADER + row(10, 4))


@pytest.mark.parametrize(
    "figures, words",
    [([(100, 4), (10, 8)], "more than repeats"), ([(100, 4), (10, 5)], "within"), ([(10, 4)], "one figure"),
     ([(100, 4), (10, 6)], "edge"), ([(100, 0), (10, 6)], "no percentage")],
)  # fmt: skip
def test_two_figures_are_compared_with_what_repeats_differ_by(people, figures, words):
    alice, eve = people.actor("alice"), people.eve_patient
    import_conduction(alice, eve.id, HEADER + "".join(row(days, value) for days, value in figures))
    rows = conduction_rows(eve, together(conduction=conduction_columns(eve))["conduction"])
    assert words in rows[0].words


def test_figures_of_two_laboratories_are_not_one_series(people):
    alice, eve = people.actor("alice"), people.eve_patient
    import_conduction(alice, eve.id, HEADER + row(100, 4) + row(10, 8, lab="South lab"))
    rows = conduction_rows(eve, together(conduction=conduction_columns(eve))["conduction"])
    assert "not one series" in rows[0].words


def test_the_page_takes_a_table_and_names_what_is_wrong(as_, people, statements):
    page, url = as_("alice"), f"/patients/{people.eve_patient.id}/conduction/"
    bad = HEADER + row(10, 4000)
    answered = page.post(f"{url}import/", {"table": bad})
    text = answered.content.decode()
    assert answered.status_code == 422 and "row 2, amplitude_uv" in text and "North lab" in text
    assert page.post(f"{url}import/", {"table": ""}).status_code == 422
    assert page.post(f"{url}import/", {"table": HEADER + row(10, 4)}).status_code == 303
    assert "Sural sensory amplitude" in page.get(url).content.decode()
    chart = f"/patients/{people.eve_patient.id}/chart/"
    assert "Nerve conduction" in page.get(chart).content.decode()
    for one in (url, chart):
        with statements(12):
            page.get(one)
