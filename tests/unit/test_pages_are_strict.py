"""Static: no page switches escaping off, carries a script or a style inside, or loads a changed vendored file."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

import deqi

DOORS = Path(deqi.__file__).parent / "doors"
VENDOR = DOORS / "static" / "vendor"
TEMPLATES = sorted(DOORS.rglob("templates/**/*.html"))
SCRIPTS = sorted((DOORS / "static" / "deqi").rglob("*.js"))
PAGES = [pytest.param(file, id=str(file.relative_to(DOORS))) for file in TEMPLATES]


def test_there_are_templates_to_look_at():
    assert len(TEMPLATES) > 40 and len(SCRIPTS) > 2


@pytest.mark.parametrize("file", PAGES)
def test_a_page_escapes_everything(file):
    text = file.read_text()
    found = re.findall(r"\|\s*safe(?:seq)?\b|\{%\s*autoescape\s+off", text)
    assert not found, f"{file.name}: {found}"


@pytest.mark.parametrize("file", PAGES)
def test_a_page_carries_no_script_style_or_handler_of_its_own(file):
    text = re.sub(r"\{%\s*comment.*?endcomment\s*%\}|\{#.*?#\}", "", file.read_text(), flags=re.S)
    inline = [
        tag
        for tag in re.findall(r"<script\b[^>]*>", text)
        if "src=" not in tag and 'type="application/json"' not in tag
    ]
    assert not inline, f"{file.name}: {inline}"
    assert "<style" not in text, f"{file.name} has a <style> block"
    handlers = re.findall(r"<[^>]*?\s(?:style|on[a-z]+)\s*=\s*[\"']", text)
    assert not handlers, f"{file.name}: {handlers}"
    assert "javascript:" not in text.lower()
    outside = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=[\"']https?:", text)
    assert not outside, f"{file.name} loads from elsewhere: {outside}"


@pytest.mark.parametrize("file", PAGES)
def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(file):
    """Polling must carry X-By-Itself, or a page left open would never sign out."""
    text = file.read_text()
    for tag in re.findall(r"<[^>]*hx-trigger=[\"'][^\"']*\bevery\b[^>]*>", text):
        assert "X-By-Itself" in tag, f"{file.name}: {tag}"


@pytest.mark.parametrize("file", PAGES)
def test_a_form_that_changes_something_carries_its_token(file):
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", file.read_text(), re.S | re.I):
        assert "csrf_token" in form, f"{file.name}: {form[:80]}"


@pytest.mark.parametrize("file", [pytest.param(file, id=file.name) for file in SCRIPTS])
def test_our_scripts_build_no_code_and_no_markup_from_text(file):
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", file.read_text(), flags=re.S)
    found = re.findall(r"\beval\(|new Function\(|document\.write|insertAdjacentHTML|\.outerHTML\s*=", text)
    found += re.findall(r"\.innerHTML\s*\+?=(?!=)", text)
    assert not found, f"{file.name}: {found}"


def test_every_vendored_file_is_the_one_in_the_manifest():
    manifest = tomllib.loads((VENDOR / "manifest.toml").read_text())
    files = {file.name for file in VENDOR.iterdir() if file.name != "manifest.toml"}
    assert files == set(manifest)
    for name, said in manifest.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == said["sha256"], name
        assert said["version"] and said["licence"] and said["package"]


def test_markup_drawn_in_python_says_why_it_is_safe():
    """Each `mark_safe` carries its reason: what is drawn comes from our own tables, never from a person."""
    bare = [
        f"{file.relative_to(DOORS)}:{number}"
        for file in DOORS.rglob("*.py")
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if re.search(r"\bmark_safe\(|\bSafeString\(", line) and "# noqa: S308 - " not in line
    ]
    assert not bare, f"say why this is safe: {bare}"
