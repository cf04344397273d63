"""Protocols: kept, changed by a new version, copied, retired; and what a visit makes of them and of the suggestion."""

import re
from uuid import uuid4

import pytest
from django.db import Error, transaction

from deqi.record.care.actions.needling import add_to_line
from deqi.record.care.actions.protocols import copy_protocol, retire_protocol, save_protocol
from deqi.record.care.actions.sessions import start_session
from deqi.record.care.line import LineRefused
from deqi.record.care.models import Protocol, SuggestionShown
from deqi.record.care.queries.protocols import protocols_of
from deqi.record.care.queries.visit import visit_page
from deqi.record.care.suggested import IN_SIGHT, taken
from deqi.record.errors import Forbidden, NotFound, Refusal
from tests.visits import answer_the_core, needled, whole_visit


@pytest.fixture
def keep(people):
    def go(who="alice", **given):
        values = {
            "site_id": people.north.id,
            "name": "Feet",
            "line": "st36 lr3 b 25mm; bafeng b 8mm",
            **given,
        }
        return save_protocol(people.actor(who), values.pop("id", uuid4()), **values)

    return go


@pytest.fixture
def visit(people, course):
    answer_the_core(course.patient)
    return start_session(people.actor("alice"), course.id, session_id=uuid4(), room_id=people.room.id)


def test_a_protocol_keeps_its_line_as_the_line_is_written(keep):
    kept = keep()
    assert kept.line == "ST36 LR3 b 25mm; EX-LE10 b 8mm"
    assert (kept.version, kept.shared, kept.replaces_id) == (1, False, None)


def test_the_same_protocol_posted_twice_is_one(keep):
    one = uuid4()
    assert keep(id=one) == keep(id=one, name="Another") and Protocol.objects.count() == 1


def test_a_change_is_a_new_version_and_the_old_one_stays_as_it_was(keep):
    first = keep()
    second = keep(replaces=first.id, line="st36 b 30mm")
    first.refresh_from_db()
    assert (second.version, second.line, first.line) == (
        2,
        "ST36 b 30mm",
        "ST36 LR3 b 25mm; EX-LE10 b 8mm",
    )
    assert first.retired_at is not None and second.retired_at is None


def test_a_version_that_was_replaced_meanwhile_is_not_replaced_again(keep):
    first = keep()
    keep(replaces=first.id, line="st36 b 30mm")
    with pytest.raises(Refusal, match="meanwhile"):
        keep(replaces=first.id, line="st36 b 35mm")
    assert Protocol.objects.filter(retired_at=None).count() == 1


def test_nobody_changes_what_another_shares_but_may_copy_it(people, keep):
    hers = keep(shared=True)
    with pytest.raises(Refusal, match="Copy it"):
        keep("bob", replaces=hers.id, line="li4 b")
    his = copy_protocol(people.actor("bob"), hers.id, uuid4())
    keep(replaces=hers.id, line="li4 b", shared=True)
    his.refresh_from_db()
    assert his.line == hers.line and his.owner == people.bob and not his.shared and his.copied_from == hers


def test_a_copy_posted_twice_is_one_and_a_second_copy_has_a_name_of_its_own(people, keep):
    hers, one = keep(), uuid4()
    alice = people.actor("alice")
    assert copy_protocol(alice, hers.id, one) == copy_protocol(alice, hers.id, one)
    assert copy_protocol(alice, hers.id, uuid4()).name == "Feet (copy 2)"


def test_what_is_not_shared_or_of_another_site_is_not_there(people, keep):
    own = keep()
    shared = keep(name="Shared", shared=True)
    assert protocols_of(people.actor("bob")).shared == [shared]
    with pytest.raises(NotFound):
        copy_protocol(people.actor("bob"), own.id, uuid4())
    assert protocols_of(people.actor("dan")).shared == []
    with pytest.raises(NotFound):
        retire_protocol(people.actor("dan"), shared.id)
    with pytest.raises(Forbidden):
        keep("dan")
    with pytest.raises(Forbidden):
        protocols_of(people.actor("carol"))


def test_only_its_owner_or_a_senior_clinician_retires_it(people, keep):
    bobs = keep("bob", shared=True)
    with pytest.raises(Refusal, match="Bob"):
        retire_protocol(people.actor("alice"), bobs.id)
    hers = keep(shared=True)
    assert retire_protocol(people.actor("bob"), hers.id).retired_by == people.bob


def test_a_word_that_cannot_be_read_is_named_and_nothing_is_kept(keep):
    with pytest.raises(LineRefused) as refused:
        keep(line="st36 b; lr33")
    assert refused.value.faults[0].word == "lr33" and not Protocol.objects.exists()


def test_a_name_in_use_is_refused(keep):
    keep()
    with pytest.raises(Refusal, match="already"):
        keep(name="feet")


@pytest.mark.parametrize(
    "what", [{"line": "LI4 b"}, {"name": "Other"}, {"shared": True}, {"created_at": None}]
)
def test_the_database_refuses_to_change_a_version(keep, what):
    kept = keep()
    with pytest.raises(Error, match="never changes"), transaction.atomic():
        Protocol.objects.filter(id=kept.id).update(**what)
    with pytest.raises(Error, match="never changes"), transaction.atomic():
        Protocol.objects.filter(id=kept.id)._raw_delete("default")


def test_the_page_marks_the_word_and_keeps_what_was_typed(as_, people):
    page = as_("alice")
    typed = {"row": uuid4(), "name": "Hands", "line": "li4 b; xx9", "site": people.north.id}
    answer = page.post("/protocols/", typed)
    text = answer.content.decode()
    assert answer.status_code == 422 and "<mark>xx9</mark>" in text and "li4 b; xx9</textarea>" in text
    typed["line"] = "li4 b"
    assert page.post("/protocols/", typed).status_code == 303
    assert page.post("/protocols/", typed).status_code == 303
    assert Protocol.objects.get().line == "LI4 b"
    tried = page.get("/protocols/try/", {"line": "st36 b 25mm"}).content.decode()
    assert "ST36 b 25mm" in tried and "2 needles" in tried


def test_the_list_takes_few_queries(as_, keep, statements):
    for n in range(12):
        keep(name=f"Feet {n}", shared=True)
    page = as_("bob")
    page.get("/protocols/")
    with statements(12):
        assert page.get("/protocols/").status_code == 200


def test_a_visit_offers_them_and_its_line_can_be_kept(as_, people, visit, keep):
    kept = keep()
    page = as_("alice")
    assert f'value="{kept.line}"' in page.get(f"/visits/{visit.id}/").content.decode()
    page.post(f"/visits/{visit.id}/line/", {"version": visit.version, "line": kept.line})
    visit.refresh_from_db()
    assert visit.treatment_line == kept.line
    answer = page.post(
        "/protocols/",
        {
            "row": uuid4(),
            "visit": visit.id,
            "site": people.north.id,
            "name": "Today",
            "line": visit.treatment_line,
        },
    )
    assert answer.status_code == 303 and answer["Location"] == f"/visits/{visit.id}/"
    assert Protocol.objects.get(name="Today").line == kept.line


def test_a_visit_with_many_protocols_still_takes_few_queries(as_, visit, keep, statements):
    for n in range(70):
        keep(name=f"Feet {n}", line="st36 b")
    page = as_("alice")
    page.get(f"/visits/{visit.id}/")
    with statements(12):
        assert page.get(f"/visits/{visit.id}/").status_code == 200


def test_what_was_suggested_is_kept_when_the_needles_go_in(people, visit):
    alice = people.actor("alice")
    open_page = visit_page(alice, visit.id)
    assert open_page.taken is None
    needled(alice, visit, "st36 li4 b 25mm; gv20 10mm", 5)
    kept = SuggestionShown.objects.get(session=visit)
    page = visit_page(alice, visit.id)
    shown = [row["code"] for row in kept.ranked if row["shown"]]
    placed = {"ST36", "LI4", "GV20"}
    assert set(page.taken.used) == placed & set(shown)
    assert set(page.taken.added) == placed - set(shown)
    assert len(page.taken.left_out) == IN_SIGHT
    assert kept.model_version == page.taken.model_version and all(row["score"] >= 0 for row in kept.ranked)


def test_the_signed_visit_says_it_and_the_database_keeps_it(as_, people, visit):
    whole_visit(people.actor("alice"), visit)
    text = as_("alice").get(f"/visits/{visit.id}/").content.decode()
    assert "Against the suggestion" in text and "Suggested " in text
    with pytest.raises(Error, match="never changes"), transaction.atomic():
        SuggestionShown.objects.filter(session=visit).update(model_version="9")


def test_used_left_out_and_added_are_told_apart():
    ranked = [{"code": code, "shown": n < 6} for n, code in enumerate("ABCDEFG")]
    found = taken(ranked, ["A", "C", "G", "X", "A"], "1")
    assert (found.used, found.left_out, found.added) == (("A", "C"), ("B", "D", "E", "F"), ("G", "X"))
    assert found.words == "Suggested 6, used 2, left out 4, added 2"


def test_adding_a_protocol_keeps_what_stands(people, visit, keep):
    alice = people.actor("alice")
    add_to_line(alice, visit.id, visit.version, "gv20 10mm")
    visit.refresh_from_db()
    add_to_line(alice, visit.id, visit.version, keep(line="st36 b 25mm").line)
    visit.refresh_from_db()
    assert visit.treatment_line == "GV20 10mm; ST36 b 25mm"


@pytest.mark.parametrize("layer", ["", "meridians", "nerves", "dermatomes", "nonsense"])
def test_one_layer_at_a_time_lies_over_the_points_of_a_visit(as_, people, visit, layer):
    add_to_line(people.actor("alice"), visit.id, visit.version, "lr3 b")
    text = as_("alice").get(f"/visits/{visit.id}/", {"layer": layer}).content.decode()
    drawn = text.split('id="views"')[1].split("</section>")[0]
    kinds = [
        kind for kind in ("meridians", "nerves", "dermatomes") if re.search(rf'class="[^"]*\b{kind}', drawn)
    ]
    assert kinds == ([layer] if layer in ("meridians", "nerves", "dermatomes") else [])
