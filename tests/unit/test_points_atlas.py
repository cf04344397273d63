"""The atlas is whole, strict and findable by every name in use."""

import shutil

import pytest

from deqi.science.knowledge import KnowledgeError, data_path, load_csv
from deqi.science.points import UnknownPoint, atlas, find, problems, search
from deqi.science.points.atlas import PACKAGE, PointRow, PositionRow


def test_there_are_361_channel_points_and_48_extra_points():
    codes = list(atlas())
    assert len([code for code in codes if not code.startswith("EX-")]) == 361
    assert len([code for code in codes if code.startswith("EX-")]) == 48
    assert codes[0] == "LU1" and codes[-1] == "EX-LE12"


def test_the_package_data_have_no_problem():
    assert problems() == []


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("st36", "ST36"), ("ST 36", "ST36"), ("st036", "ST36"), ("zusanli", "ST36"), ("Zú sān lǐ", "ST36"),
        ("足三里", "ST36"), ("LV3", "LR3"), ("Liv3", "LR3"), ("SJ5", "TE5"), ("TH5", "TE5"), ("TB5", "TE5"),
        ("UB60", "BL60"), ("P6", "PC6"), ("K3", "KI3"), ("Du20", "GV20"), ("REN-6", "CV6"), ("M-LE-8", "EX-LE10"),
        ("bafeng", "EX-LE10"), ("exle10", "EX-LE10"), ("EX LE 10", "EX-LE10"), ("Renzhong", "GV26"),
        ("Danzhong", "CV17"), ("Shanzhong", "CV17"), ("八風", "EX-LE10"), ("八风", "EX-LE10"),
    ],
)  # fmt: skip
def test_a_point_is_found_by_each_of_its_names(typed, code):
    assert find(typed).code == code


def test_every_point_is_found_by_code_and_characters():
    for code, point in atlas().items():
        assert find(code).code == code
        assert find(point.hanzi).code == code


def test_a_name_of_two_points_asks_for_the_code():
    with pytest.raises(UnknownPoint) as caught:
        find("futu")
    assert caught.value.suggestions == ("LI18", "ST32")


def test_a_number_past_the_channels_end_says_where_it_ends():
    with pytest.raises(UnknownPoint, match="ST1 to ST45") as caught:
        find("ST366")
    assert caught.value.suggestions[0] == "ST36"


def test_bafeng_is_four_places_a_foot_and_three_of_them_have_other_names():
    bafeng = atlas()["EX-LE10"]
    assert bafeng.needles_per_side == 4
    assert set(bafeng.same_place) == {"LR2", "ST44", "GB43"}
    assert atlas()["LR2"].same_place == ("EX-LE10:1",)
    assert atlas()["EX-LE4"].same_place == ("EX-LE5:medial",)


def test_depth_keeps_cun_first_and_its_source():
    beneath = atlas()["ST36"].anatomy
    assert beneath.depth_min_cun < beneath.depth_max_cun
    assert beneath.depth_source


def test_search_puts_the_exact_name_first():
    assert search("LI1")[0].code == "LI1"
    assert search("bafeng")[0].code == "EX-LE10"
    assert search("zusan")[0].code == "ST36"


def test_search_reads_region_nerve_and_class():
    assert "BL60" in {point.code for point in search("sural", limit=50)}
    assert {"LR2", "KI2"} <= {point.code for point in search("ying-spring", limit=50)}
    assert all(point.region == "foot" for point in search("foot pregnancy", limit=50))


def test_search_finds_nothing_for_nothing_and_keeps_its_limit():
    assert search("  ") == ()
    assert len(search("s", limit=7)) == 7


@pytest.mark.parametrize(
    ("file", "row", "old", "new", "line", "where"),
    [
        ("points.csv", PointRow, ",hand,dorsal,true,", ",paw,dorsal,true,", None, "body_region"),
        ("positions.csv", PositionRow, "CV4,,front,midline,0.5,", "CV4,,front,midline,1.5,", 2, "x"),
    ],
)
def test_a_wrong_cell_is_named_with_file_line_and_column(tmp_path, file, row, old, new, line, where):
    shutil.copy(data_path(PACKAGE, file), tmp_path / file)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(KnowledgeError) as caught:
        load_csv(tmp_path / file, row)
    problem = caught.value.problems[0]
    assert problem.file == file and problem.where == where
    assert line is None or problem.line == line
