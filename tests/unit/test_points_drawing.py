"""The drawings hold what the atlas says, can be reached without a mouse, and the extent follows the stocking."""

import re
import xml.etree.ElementTree as ET

import pytest

from deqi.science.points import atlas
from deqi.science.points.drawing import (
    case_regions,
    change,
    extent,
    on_paper,
    points_in,
    region,
    region_at,
    region_ids,
    regions,
    svg,
    territories,
    views,
)
from deqi.science.points.drawing.geometry import area, clip, inside
from deqi.science.points.drawing.outlines import outline

SVG = "{http://www.w3.org/2000/svg}"
MAP_VIEWS = (
    "face",
    "front",
    "back",
    "hand_dorsum",
    "hand_palm",
    "foot_dorsum",
    "foot_sole",
    "foot_medial",
    "foot_lateral",
)


@pytest.mark.parametrize("view", views())
def test_every_point_lies_inside_its_outline(view):
    row = outline(view)
    for point, place in points_in(view):
        spot = (place.x * row.width, place.y * row.height)
        within = inside(spot, row.sampled) or (row.overlay and inside(spot, row.sampled_overlay))
        assert within, f"{point.code} {place.sub} lies outside {view}"


@pytest.mark.parametrize("view", views())
@pytest.mark.parametrize(
    "layers", [("points", "meridians"), ("regions",), ("points", "nerves"), ("dermatomes", "regions")]
)
def test_a_drawing_is_well_formed_and_carries_no_inline_style(view, layers):
    text = svg(view, layers=layers, symptoms={"right_great_toe_top": 7})
    ET.fromstring(text)
    assert " style=" not in text and "<style" not in text and "<script" not in text


@pytest.mark.parametrize("view", views())
def test_every_point_of_a_view_is_a_named_link(view):
    links = ET.fromstring(svg(view)).iter(f"{SVG}a")
    named = {link.get("data-code"): link.get("aria-label") for link in links}
    assert set(named) == {point.code for point, _ in points_in(view)}
    assert all(name and atlas()[code].pinyin in name for code, name in named.items())


@pytest.mark.parametrize("view", MAP_VIEWS)
def test_every_region_is_a_named_button_with_its_state(view):
    first = regions(view)[0]
    drawn = list(ET.fromstring(svg(view, layers=("regions",), symptoms={first.id: 6})).iter(f"{SVG}path"))
    buttons = [path for path in drawn if path.get("role") == "button"]
    assert [path.get("data-region") for path in buttons] == [one.id for one in regions(view)]
    assert all(path.get("tabindex") == "0" and path.get("aria-label") for path in buttons)
    assert [path.get("aria-pressed") for path in buttons].count("true") == 1
    assert "6 of 10" in next(path for path in buttons if path.get("aria-pressed") == "true").get("aria-label")


@pytest.mark.parametrize("view", MAP_VIEWS)
def test_regions_cover_the_view_without_overlapping(view):
    row = outline(view)
    whole = abs(area([(x / row.width, y / row.height) for x, y in row.sampled]))
    parts = sum(abs(area(one.polygon)) for one in regions(view))
    assert parts == pytest.approx(whole, rel=0.03)


def test_the_face_shows_the_same_regions_as_the_front_of_the_body():
    assert {one.id for one in regions("face")} <= {one.id for one in regions("front")}
    assert region_at("face", 0.35, 0.55).id == "right_cheek"


def test_a_left_detail_view_is_the_mirror_image():
    right, left = regions("foot_sole")[0], regions("foot_sole", "left")[0]
    assert left.id == right.id.replace("right", "left")
    assert left.polygon[3] == (pytest.approx(1 - right.polygon[3][0]), right.polygon[3][1])


def test_the_same_part_has_the_same_id_in_every_view():
    for view in ("front", "foot_dorsum"):
        assert "right_ankle_front" in {one.id for one in regions(view)}
    assert len(region_ids()) == len(set(region_ids()))


def test_the_front_shows_the_persons_right_on_the_viewers_left_and_the_back_does_not():
    assert region_at("front", 0.35, 0.9).side == "right"
    assert region_at("back", 0.35, 0.9).side == "left"
    assert region_at("front", 0.5, 0.99) is None


def test_regions_are_named_in_plain_words():
    assert region("right_great_toe_top").name == "right great toe, top"
    assert region("left_ankle_front").name == "front of the left ankle"
    assert region("left_head_back").name == "back of the head, left side"


def test_regions_speak_the_words_of_a_case():
    assert case_regions(["right_arch", "left_heel", "right_wrist_palm", "left_upper_thigh_front"]) == (
        "feet",
        "wrist",
    )


def test_all_409_points_are_drawn_somewhere():
    assert {point.code for view in views() for point, _ in points_in(view)} == set(atlas())


@pytest.mark.parametrize(
    "view", ["hand_dorsum", "hand_palm", "foot_dorsum", "foot_sole", "foot_medial", "leg_medial"]
)
def test_a_layer_of_nerves_draws_the_territories_it_lists(view):
    drawn = ET.fromstring(svg(view, layers=("nerves",))).iter(f"{SVG}g")
    listed = [one.id for one in territories(view, "nerves")]
    assert [g.get("data-territory") for g in drawn if g.get("data-territory")] == listed
    assert listed and all(one.source and one.region for one in territories(view, "nerves"))


def test_no_region_has_two_names_and_every_name_is_plain():
    names = [region(one).name for one in region_ids()]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and "_" not in name for name in names)


def test_the_two_maps_of_nerves_are_never_merged():
    with pytest.raises(ValueError, match="two maps"):
        svg("foot_sole", layers=("nerves", "dermatomes"))


def test_a_wrong_view_or_layer_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="foot_sole"):
        svg("elbow")
    with pytest.raises(ValueError, match="meridians"):
        svg("front", layers=("bones",))


def test_a_needled_point_says_so_on_its_side_only():
    text = svg("front", placed=["ST36:left"])
    assert "ST36 Zúsānlǐ, left, needled" in text and "ST36 Zúsānlǐ, right, needled" not in text


def test_a_picture_for_a_letter_holds_no_links():
    text = svg("foot_dorsum", interactive=False, placed=["LR3"])
    assert "<a " not in text and 'role="img"' in text


def test_the_stocking_reaches_as_far_as_it_is_joined_to_the_toes():
    found = extent(
        ["right_great_toe_top", "right_ball_of_foot", "right_arch", "right_ankle_inner", "right_upper_calf"]
    )
    assert found.right_leg.level_cun == 13.5
    assert found.right_leg.words == "right stocking up to the ankle"
    assert found.right_leg.apart == ("right_upper_calf",)
    assert found.left_leg.level_cun == 0


def test_a_rating_of_zero_is_not_affected():
    assert extent({"right_great_toe_top": 0}).right_leg.level_cun == 0


def test_a_knee_alone_is_no_stocking_and_the_trunk_lies_elsewhere():
    found = extent(["left_knee_front", "left_chest"])
    assert found.left_leg.level_cun == 0 and found.left_leg.apart == ("left_knee_front",)
    assert found.elsewhere == ("left_chest",)


def test_change_is_told_limb_by_limb_without_a_cause():
    before = extent(["right_great_toe_top", "right_ball_of_foot", "left_great_toe_top", "right_index_palm"])
    after = extent(["right_great_toe_top", "left_great_toe_top", "left_ball_of_foot", "left_index_palm"])
    assert change(before, after) == (
        "The stocking on the right has moved down, from the ball of the foot to the toes.",
        "The stocking on the left has moved up, from the toes to the ball of the foot.",
        "The glove on the right is gone; it reached the fingers.",
        "A glove is new on the left: it reaches the fingers.",
    )


def test_clipping_a_square_by_a_triangle_keeps_half_of_it():
    square = ((0, 0), (2, 0), (2, 2), (0, 2))
    assert abs(area(clip(square, ((0, 0), (4, 0), (0, 4))))) == pytest.approx(4)
    assert abs(area(clip(square, ((0, 0), (2, 0), (0, 2))))) == pytest.approx(2)


def test_ids_are_unique_within_a_drawing():
    ids = re.findall(r' id="([^"]+)"', svg("front", layers=("points", "regions")))
    assert len(ids) == len(set(ids))


def test_a_region_whose_shape_is_not_convex_is_refused():
    from deqi.science.points.drawing.regions import AreaRow

    good = {"area": "chest", "name": "chest", "case": "trunk", "shape": "0,0 4,0 4,4 0,4"}
    AreaRow.model_validate(good)
    with pytest.raises(ValueError, match="not convex"):
        AreaRow.model_validate(good | {"shape": "0,0 4,0 1,1 0,4"})


@pytest.mark.parametrize("view", ["foot_lateral", "foot_dorsum", "hand_palm"])
def test_a_drawing_for_paper_keeps_its_colours_in_a_program_that_knows_no_theme(view):
    import io

    import vl_convert
    from PIL import Image

    plain = on_paper(svg(view, placed=["ST41"], interactive=False))
    assert "var(" not in plain
    with Image.open(io.BytesIO(vl_convert.svg_to_png(plain))) as picture:
        seen = picture.convert("RGBA")
        colours = {seen.getpixel((x, y)) for x in range(0, seen.width, 3) for y in range(0, seen.height, 3)}
    assert (243, 237, 224, 255) in colours, "skin"
    assert len(colours) > 10


def test_every_letter_of_a_drawing_that_names_a_variable_has_a_colour_behind_it():
    for view in views():
        for layer in ("points", "meridians", "nerves", "dermatomes", "regions"):
            assert "var(" not in on_paper(svg(view, layers=(layer,))), (view, layer)
