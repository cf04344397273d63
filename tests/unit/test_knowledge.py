"""A wrong knowledge file is named with its line."""

import pytest

from deqi.science.knowledge import KnowledgeError, Strict, parse_csv, parse_yaml


class Point(Strict):
    code: str
    depth_mm: float | None = None


def test_an_unknown_key_is_reported_with_its_line():
    with pytest.raises(KnowledgeError) as caught:
        parse_yaml("- code: ST36\n- code: LR3\n  deepth_mm: 12\n", list[Point], file="points.yaml")
    assert str(caught.value).startswith("points.yaml:3: 1.deepth_mm:")


def test_broken_yaml_is_reported_with_its_line():
    with pytest.raises(KnowledgeError) as caught:
        parse_yaml("code: [ST36\nx: 1\n", Point, file="p.yaml")
    assert caught.value.problems[0].line == 2


def test_a_bad_cell_names_line_and_column():
    with pytest.raises(KnowledgeError) as caught:
        parse_csv("code,depth_mm\nST36,25\nLR3,deep\n", Point, file="p.csv")
    assert [(p.line, p.where) for p in caught.value.problems] == [(3, "depth_mm")]


def test_a_short_row_is_refused():
    with pytest.raises(KnowledgeError):
        parse_csv("code,depth_mm\nST36\n", Point, file="p.csv")


def test_an_empty_cell_is_none():
    assert parse_csv("code,depth_mm\nST36,\n", Point, file="p.csv")[0].depth_mm is None
