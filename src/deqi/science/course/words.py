"""The sentences of a review. Calm, short, and never "because of"."""

from __future__ import annotations

from deqi.science.measures import symptoms

NEXT_STEPS = {
    "collect_ratings": "Collect more ratings before deciding: one a day, at least a week of them.",
    "go_on": "Go on as planned. It is too early to speak of success.",
    "change_plan": "Change something in the plan now: reaching a change that matters by week 6 is unlikely as it stands.",
    "consolidate": "Consolidate, and plan the taper.",
    "go_on_with_one_change": "Go on to week 12 with one stated change.",
    "stop": "Reaching a change that matters is unlikely. Talk about stopping, and write to the doctor.",
    "taper": "Sum up with the patient. Taper, and let the chance of a relapse set how closely to follow.",
    "undecided": "Undecided: the answer depends on what one expected beforehand. Collect another week of ratings, then decide.",
    "judge_by_means": "Judge by the seven-day means and by what the patient says, and go on rating.",
}
FEW_BASELINE = "Only {n} ratings from before the start; seven or more are better."
MOSTLY_PRIOR = "Mostly what was assumed beforehand; collect more ratings."
LOW_BASELINE = "The baseline is under 3: too low to judge a response."
MILD_BASELINE = "Low baseline, judged by per cent only: weak evidence."
FLIPS = "A reader who doubts acupuncture more would not reach the same verdict."
ROUGH = (
    "These ratings hardly change from day to day, or change all at once; then the numbers are rough, to about 0.2 points. "
    "Look at the seven-day means beside them."
)
AT_ENDS = "Many ratings are 0 or 10, where the scale cannot show how far it went."
MIXED_RECALL = "Daily and weekly ratings are mixed; keep one kind for the whole course."
MEDICINE = "A medicine changed during the course; its part in the change cannot be told apart."
ENDED = "Treatment has ended; both forecasts are without further sessions."
NUMBNESS = "What is known about pain is not known about numbness; the starting assumptions are wide. Never pool the two."
CIPN = "After chemotherapy symptoms can rise or ease by themselves for 6 to 12 months."
NOT_COMPUTED = "The model could not work these ratings out, so no probability is given. The seven-day means stand by themselves."
GAP = "There is a gap of more than four weeks between sessions; the model takes the course as one piece."


def too_few(symptom: str, n_baseline: int, n_since: int, n_sessions: int) -> str:
    """Says what is missing, e.g. "Burning: too few ratings to say anything yet (3 from before the start, ...)"."""
    label = symptoms()[symptom].label
    if n_sessions == 0:
        return f"{label}: no session yet, so there is no change to judge. {n_baseline} ratings so far."
    return (
        f"{label}: too few ratings to say anything yet ({n_baseline} from before the start, {n_since} since; "
        "at least 4 of each are needed)."
    )


def not_computed(symptom: str) -> str:
    """Says that there is no answer from the model, e.g. "Burning: the model could not work these ratings out ..."."""
    label = symptoms()[symptom].label
    return (
        f"{label}: the model could not work these ratings out, so it gives no answer. "
        "Compare the weekly means, and go on rating."
    )


def verdict_words(
    symptom: str, fall: float, spread: float, p_improved: float, p_worse: float, verdict: str
) -> str:
    """One sentence or three a patient understands. `fall` and `spread` in points, p's 0-1."""
    name = _name(symptom)
    amount = _amount(abs(fall))
    sure = abs(fall) > 1.645 * spread
    direction = "down" if fall > 0 else "up"
    if verdict == "too_few":
        return f"There are too few ratings to say yet whether your {name} has changed. Please go on rating."
    if sure:
        moved = f"Your {name} is {direction} by about {amount}. That is more than day-to-day ups and downs."
    elif abs(fall) < 0.5:
        moved = f"Your {name} is about where it was. Day-to-day ups and downs could hide a small change."
    else:
        moved = f"Your {name} may be {direction} by about {amount}, but day-to-day ups and downs could explain it."
    if verdict == "likely_yes":
        judged = "It is likely better by an amount that matters."
    elif p_worse > 0.5:
        judged = "It is likely worse."
    elif verdict == "likely_no":
        judged = "It is not likely to be better by an amount that matters."
    else:
        judged = "Whether it is better by an amount that matters is not clear yet."
    return f"{moved} {judged} We cannot tell how much is due to the needles."


def _name(symptom: str) -> str:
    label = symptoms()[symptom].label
    return label[0].lower() + label[1:]


def _amount(points: float) -> str:
    rounded = round(points * 2) / 2
    text = f"{rounded:g}"
    return f"{text} point" if rounded == 1 else f"{text} points"
