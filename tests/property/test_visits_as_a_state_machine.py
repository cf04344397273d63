"""A visit, whatever is done to it in whatever order, behaves like a few lines of plain Python.

Hypothesis presses the buttons of a visit at random; the model below knows only state, counts and what was asked.
"""

from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.visits import answer_the_core, ask, whole_visit

from deqi.record.care.actions.needling import add_to_line, confirm_carried, needles_in, needles_out
from deqi.record.care.actions.sessions import abandon_session, record_after, start_session
from deqi.record.care.actions.signing import seal_holds, sign_session
from deqi.record.care.models import Incident, Session
from deqi.record.errors import Refusal

POINTS = {"st36": 2, "lr3": 2, "bafeng": 8, "li4 r": 1, "cv6": 1}


class Model:
    """What a visit is, in plain Python: the least that the rules of the house need."""

    def __init__(self, carried: dict[str, int]):
        self.state = "open"
        self.asked = self.asked_after = False
        self.points = dict(carried)
        self.waiting = set(carried)
        self.into: int | None = None
        self.out: int | None = None
        self.reason = ""

    @property
    def needles(self) -> int:
        return sum(self.points.values())

    def may_needle(self, count: int) -> bool:
        if self.state == "resting":
            return count == self.into
        ready = self.asked and self.points and not self.waiting
        return bool(self.state == "open" and ready and count >= self.needles)

    def may_count_out(self, count: int, reason: str) -> bool:
        return self.state in ("resting", "out") and (count == self.into or bool(reason))

    def may_sign(self) -> bool:
        return self.state == "signed" or (self.state == "out" and self.asked_after)


@pytest.mark.django_db
def test_a_visit_behaves_like_its_model(people, course):
    answer_the_core(course.patient)
    alice = people.actor("alice")

    class Visits(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.undo = transaction.atomic()
            self.undo.__enter__()

        @initialize(earlier=st.booleans(), stage=st.sampled_from(["new", "asked", "asked", "in", "out"]))
        def first(self, earlier, stage):
            """A first or a second visit, at whatever stage: chance alone seldom gets that far."""
            if earlier:
                before = start_session(alice, course.id, session_id=uuid4())
                whole_visit(alice, before, "st36; bafeng", 10)
            self.begin({"st36": 2, "bafeng": 8} if earlier else {})
            if stage != "new":
                self.ask_everything()
            if stage in ("in", "out"):
                self.confirm()
                self.add("li4 r")
                self.all_in(0)
            if stage == "out":
                self.all_out(0, "")

        def begin(self, carried):
            self.session = start_session(alice, course.id, session_id=uuid4())
            self.model = Model(carried)

        def teardown(self):
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

        def fresh(self):
            return Session.objects.get(id=self.session.id)

        def expect(self, allowed, act):
            """Acts; the record must allow what the model allows and refuse what it refuses."""
            try:
                with transaction.atomic():
                    act()
            except Refusal as refusal:
                assert not allowed, f"refused although the model allows it: {refusal.message}"
                return False
            assert allowed, "allowed although the model refuses it"
            return True

        @rule(typed=st.sampled_from(sorted(POINTS)))
        def add(self, typed):
            model, needs = self.model, POINTS[typed]
            new = typed not in model.points
            allowed = model.state in ("open", "resting") or (model.state == "out" and not new)
            version = self.fresh().version
            if self.expect(allowed, lambda: add_to_line(alice, self.session.id, version, typed)):
                model.points[typed] = needs
                model.waiting.discard(typed)
                if new and model.state == "resting":
                    model.into += needs

        @rule(data=st.data())
        @precondition(lambda self: self.model.points)
        def take_off(self, data):
            model, typed = self.model, data.draw(st.sampled_from(sorted(self.model.points)))
            version, code = self.fresh().version, "-" + typed.split()[0]
            allowed = model.state == "open"
            if self.expect(allowed, lambda: add_to_line(alice, self.session.id, version, code)):
                del model.points[typed]
                model.waiting.discard(typed)

        @rule()
        def ask_everything(self):
            allowed = self.model.state == "open"
            if self.expect(allowed, lambda: ask(alice, self.fresh())):
                self.model.asked = True

        @rule()
        def confirm(self):
            if self.expect(self.model.state == "open", lambda: confirm_carried(alice, self.session.id)):
                self.model.waiting.clear()

        @rule(off=st.sampled_from([0, 0, -1, 1]))
        def all_in(self, off):
            count = max(0, (self.model.into or self.model.needles) + off)
            if self.expect(self.model.may_needle(count), lambda: needles_in(alice, self.session.id, count)):
                self.model.state, self.model.into = "resting", count

        @rule(off=st.sampled_from([0, 0, -1, 1]), reason=st.sampled_from(["", "one fell"]))
        def all_out(self, off, reason):
            model = self.model
            count = max(0, (model.into or 0) + off)
            allowed = model.may_count_out(count, reason)
            if self.expect(allowed, lambda: needles_out(alice, self.session.id, count, reason)):
                model.state, model.out = "out", count
                model.reason = reason if count != model.into else ""

        @rule(asked=st.booleans())
        def afterwards(self, asked):
            allowed = self.model.state in ("open", "resting", "out")
            version = self.fresh().version
            if self.expect(
                allowed,
                lambda: record_after(
                    alice, self.session.id, version, comfort_0_10=7, side_effects_asked=asked, note=""
                ),
            ):
                self.model.asked_after = asked

        @rule()
        def sign(self):
            if self.expect(self.model.may_sign(), lambda: sign_session(alice, self.session.id)):
                self.model.state = "signed"

        @rule()
        @precondition(lambda self: self.model.state not in ("open",))
        def end_without_needles(self):
            self.expect(
                self.model.state == "abandoned", lambda: abandon_session(alice, self.session.id, "no")
            )

        @precondition(lambda self: self.model.state == "signed" and self.fresh().number < 4)
        @rule()
        def next_visit(self):
            self.begin(dict(self.model.points))

        @invariant()
        def the_record_says_what_the_model_says(self):
            now, model = self.fresh(), self.model
            assert (now.state, now.needles_in, now.needles_out) == (model.state, model.into, model.out)
            assert sum(row.needles for row in now.placements.all()) == model.needles
            waiting = now.placements.filter(carried=True, confirmed_at=None).count()
            assert waiting == len(model.waiting)
            assert now.count_reason == model.reason
            if model.reason:
                assert Incident.objects.filter(session=now).count() == 1
            if model.state == "signed":
                assert seal_holds(now)
                assert now.needles_in == now.needles_out or now.count_reason

    machine = Visits.TestCase
    machine.settings = settings(
        max_examples=20, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
    )
    machine().runTest()
