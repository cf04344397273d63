"""Fields of the visit page: what is no number of the scale is refused with its field named."""

import pytest

from deqi.doors.clinic.visit.parts import whole
from deqi.record.errors import Refusal


def test_a_whole_number_is_read_and_may_be_left_out():
    assert whole({"warmth": " -5 "}, "warmth", "Warmth", -5, 10) == -5
    assert whole({}, "warmth", "Warmth", -5, 10, needed=False) is None


@pytest.mark.parametrize("typed", ["", "²", "--5", "-", "1.5", "11", "-6", "9" * 5000])
def test_what_is_no_whole_number_of_the_scale_is_refused_with_its_field(typed):
    with pytest.raises(Refusal) as refused:
        whole({"warmth": typed}, "warmth", "Warmth", -5, 10)
    assert (refused.value.field, refused.value.message) == ("warmth", "Warmth: a whole number from -5 to 10.")
