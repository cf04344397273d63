"""How findings are put together: order, unknowns, sides, thresholds, and refusals."""

from datetime import date

import pytest

from deqi.science import points
from deqi.science.case import case_from
from deqi.science.safety import UnknownPlan, facts, precautions, screen, thresholds
from deqi.science.safety.places import area_of, file

DAY = date(2026, 11, 23)


def case(condition="idiopathic", **known):
    return case_from({"condition": condition, "facts": known})


def findings(result, rule):
    return [finding for finding in result.findings if finding.id == rule]


def test_findings_come_in_the_order_stop_avoid_modify_inform_red_flags_first():
    result = screen(case(pregnant=True, unwell_today=True, sudden_one_sided=True), ["LI4"], on=DAY)
    assert [*dict.fromkeys(f.effect for f in result.findings)] == ["stop", "avoid", "modify", "inform"]
    assert result.findings[0].kind == "red_flag"
    assert result.verdict == "stop"


def test_nobody_asked_is_not_go():
    result = screen(case(), on=DAY)
    assert result.verdict == "modify"
    assert [f.id for f in result.findings] == ["red-flags-unanswered", "core-unanswered"]
    assert all(f.missing for f in result.findings)
    assert "pregnant" in result.unanswered and "pacemaker" in result.unanswered


def test_what_does_not_apply_is_not_asked():
    assert "pregnant" not in screen(case(sex="male"), on=DAY).unanswered
    assert "neuropathy_limits_self_care" not in screen(case(), on=DAY).unanswered
    assert "neuropathy_limits_self_care" in screen(case(on_chemotherapy=True), on=DAY).unanswered


def test_an_open_plan_names_every_point_that_cannot_be_planned():
    found = findings(screen(case(pregnant=True), on=DAY), "preg-points")[0]
    assert found.points == tuple(sorted(["LI4", "SP6", "BL60", "BL67", "BL31", "BL32", "BL33", "BL34"]))


def test_what_is_forbidden_but_not_planned_stands_apart():
    result = screen(case(pregnant=True), ["ST36"], on=DAY)
    assert not [f for f in findings(result, "preg-points") if f.effect == "avoid"]
    assert [f for f in result.standing if f.id == "preg-points"]
    assert all(not f.in_plan for f in result.standing)


def test_a_side_that_is_typed_is_respected():
    person = case(lymphoedema=True, lymphoedema_limbs=["left_arm"])
    assert findings(screen(person, ["LI4:left"], on=DAY), "onc-lymphoedema-limb")[0].effect == "avoid"
    assert all(
        f.effect != "avoid" for f in findings(screen(person, ["LI4:right"], on=DAY), "onc-lymphoedema-limb")
    )


def test_naming_which_blood_thinner_says_that_there_is_one():
    assert findings(screen(case(anticoagulant_kind="doac"), on=DAY), "bleed-anticoagulant")


def test_the_clinics_adviser_may_change_our_figures_but_not_a_sources():
    person = case(platelets=25, platelets_date="2026-11-22")
    assert screen(person, on=DAY).verdict == "modify"
    assert screen(person, on=DAY, clinic_thresholds={"platelets_stop_below": 30}).verdict == "stop"
    with pytest.raises(ValueError, match="neutrophils_stop_below is not a threshold of this project"):
        screen(person, on=DAY, clinic_thresholds={"neutrophils_stop_below": 0.1})


def test_the_clinics_adviser_may_change_how_long_a_result_holds():
    person = case(anticoagulant_kind="warfarin", inr=2.4, inr_date="2026-11-01", mechanical_valve=False)
    assert not findings(screen(person, on=DAY), "bleed-inr-range")
    changed = screen(person, on=DAY, clinic_thresholds={"inr_max_age_days": 14})
    assert findings(changed, "bleed-inr-range")[0].missing


def test_the_ages_in_the_rules_and_in_the_facts_agree():
    ages = {key: value.value for key, value in thresholds().items() if key.endswith("_max_age_days")}
    assert ages == {
        f"{key}_max_age_days": facts()[key].max_age_days for key in ("inr", "platelets", "neutrophils")
    }


def test_a_result_from_the_future_reassures_nobody():
    person = case(anticoagulant_kind="warfarin", inr=2.4, inr_date="2026-12-24", mechanical_valve=False)
    assert findings(screen(person, on=DAY), "bleed-inr-range")[0].missing


def test_unknown_points_and_ways_are_refused_with_what_is_near():
    with pytest.raises(UnknownPlan, match="did you mean ST36"):
        screen(case(), ["ST366"], on=DAY)
    with pytest.raises(UnknownPlan, match="allowed: manual, electro, auricular"):
        screen(case(), [], "laser", on=DAY)
    with pytest.raises(UnknownPlan, match="'up' is not a side"):
        screen(case(), ["ST36:up"], on=DAY)


def test_every_point_of_the_atlas_has_the_area_the_atlas_gives_it():
    given = {code: point.region.replace(" ", "_") for code, point in points.atlas().items()}
    assert dict(area_of()) == given
    assert len(given) == 409


def test_the_points_over_the_lung_are_those_the_knowledge_names():
    # BL11-BL21, ST11-ST18, KI22-KI27, SP17-SP21, SI9-SI15 and GB21, LU1, LU2, CV17, CV22
    named = {"GB21", "LU1", "LU2", "CV17", "CV22"}
    for meridian, first, last in (
        ("BL", 11, 21),
        ("ST", 11, 18),
        ("KI", 22, 27),
        ("SP", 17, 21),
        ("SI", 9, 15),
    ):
        named |= {f"{meridian}{number}" for number in range(first, last + 1)}
    assert named <= set(file().groups["over_lung"].points)


def test_every_rule_keeps_its_sources_and_says_whose_figure_it_uses():
    for rule in precautions():
        assert rule.sources
        if rule.threshold and rule.threshold.values:
            assert any(effect.threshold_from_source is not None for effect in rule.effects), rule.id


def test_a_pairs_path_is_read():
    person = case(epilepsy=False)

    def current(*pair):
        found = screen(person, list(pair), "electro", on=DAY, pairs=[pair])
        return bool(findings(found, "ea-heart-brain"))

    assert current("LI4:left", "LI4:right")  # arm to arm: across the chest
    assert current("LI11", "ST36")  # arm to leg
    assert current("GV20", "EX-HN3")  # on the head
    assert current("BL13:left", "BL13:right")  # on the chest wall
    assert not current("ST36:left", "ST36:right")  # leg to leg
    assert not current("BL23:left", "BL25:left")  # low back
    assert not current("LI4:left", "LI11:left")  # within one arm
