"""The front door in a real browser."""

import pytest

from tests.browser.conftest import axe, picture

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("path", "name"),
    [("/", "front"), ("/account/login/", "sign-in"), ("/account/login/code/", "sign-in-code")],
)
def test_a_public_page_has_no_accessibility_violation_and_fits_a_phone(page, people, path, name):
    page.goto(path)
    axe(page)
    picture(page, name)
