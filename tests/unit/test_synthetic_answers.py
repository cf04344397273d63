"""The synthetic clinic is asked by the real plan, answers at plausible rates, and its record is sound."""

from collections import Counter

from deqi.record.care.models import Observation, RatingRequest
from deqi.record.operations.check import baselines, courses, signed_sessions
from deqi.record.synthetic.clinic import fill


def test_people_were_asked_by_the_plan_and_answered_most_of_it(db):
    fill(patients=12, long_sessions=30, say=lambda _: None)
    requests = list(RatingRequest.objects.all())
    kinds = Counter(one.kind for one in requests)
    assert set(kinds) >= {"baseline", "visit", "review"}
    today = max(one.day for one in requests)
    past = [one for one in requests if one.until < today]
    share = sum(1 for one in past if one.answered_at) / len(past)
    assert 0.5 < share < 0.99
    answers = Observation.objects.filter(request__kind="baseline")
    assert answers.exists() and set(answers.values_list("channel", flat=True)) == {"home", "link"}
    most = Counter(
        RatingRequest.objects.filter(kind="baseline").values_list("course", flat=True)
    ).most_common(1)
    assert most[0][1] <= 14
    assert [*baselines(), *signed_sessions(), *courses()] == []
