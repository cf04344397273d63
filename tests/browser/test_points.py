"""Every point of the atlas can be reached with the Tab key alone, in a real browser, and the drawings pass axe."""

import pytest

from deqi.science.points import atlas
from deqi.science.points.drawing import points_in, views
from tests.browser.conftest import axe, picture

pytestmark = pytest.mark.browser


def reached_by_tab(page, view):
    """Codes of the drawn points that take the focus, in order, pressing Tab from the top of the page."""
    page.goto(f"/points/?view={view}")
    stops = page.locator("svg.bodymap a.pt").count()
    page.locator("svg.bodymap a.pt").first.focus()
    found = []
    for _ in range(stops):
        found.append(page.evaluate("document.activeElement.getAttribute('data-code')"))
        page.keyboard.press("Tab")
    return found, stops


def test_all_409_points_are_reached_with_the_tab_key(page, people):
    page.set_default_timeout(30_000)
    reached = set()
    for view in views():
        found, stops = reached_by_tab(page, view)
        assert None not in found, (
            f"{view}: the focus left the drawing after {found.index(None)} of {stops} points"
        )
        assert set(found) == {point.code for point, _ in points_in(view)}
        reached |= set(found)
    assert reached == set(atlas()) and len(reached) == 409


@pytest.mark.parametrize("view", ["front", "right_lateral", "hand_palm"])
def test_a_drawing_of_the_atlas_has_no_accessibility_violation(page, people, view):
    page.goto(f"/points/?view={view}")
    axe(page)


@pytest.mark.parametrize("layer", ["meridians", "nerves", "dermatomes"])
def test_a_map_over_the_points_has_no_accessibility_violation(page, people, layer):
    page.goto(f"/points/?view=foot_sole&layer={layer}")
    assert page.locator("svg.bodymap a.pt").count() > 0
    axe(page)
    picture(page, f"points-{layer}")


def test_a_point_that_has_the_focus_is_seen_to_have_it(page, people):
    page.goto("/points/?view=foot_dorsum")
    before = page.evaluate("getComputedStyle(document.querySelector('a.pt .hit')).fill")
    page.locator("svg.bodymap a.pt").first.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    after = page.evaluate("getComputedStyle(document.querySelector('a.pt:focus .hit')).fill")
    assert before != after


def test_a_point_opens_with_the_enter_key(page, people):
    page.goto("/points/?view=foot_sole")
    page.locator("svg.bodymap a.pt[data-code=KI1]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/points/KI1/")
