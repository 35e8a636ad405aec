"""IAD-R1's rewards (SC-GRPO, paper 3.3): consistency of the answer's form, accuracy, location.

Profile `iad_r1_code` is the published program: (location + type) / 2, tags on one line, matched in any order.
`iad_r1_paper` adds location and type unhalved. In both, location and type are paid although the answer is
wrong. Departure: a truth that is neither yes nor no scores 0 (the program then returns too few rewards).
"""

import re
from typing import Final, Literal

from .iadr1_type import type_reward

IadProfile = Literal["iad_r1_code", "iad_r1_paper"]

# Share of location and of type in the sum.
DETAIL_WEIGHT: Final[dict[IadProfile, float]] = {"iad_r1_code": 0.5, "iad_r1_paper": 1.0}
RIGHT_ANSWER: Final = 1.0
CONSISTENT: Final = 1.0
SAME_PLACE: Final = 1

_NORMAL_FORM: Final = re.compile(
    r"(?!.*<location>)(?!.*<type>).*<think>.*?</think><answer>.*?</answer>.*", re.DOTALL
)
_ANOMALOUS_FORM: Final = re.compile(
    r".*<think>.*?</think><location>.*?</location><type>.*?</type><answer>.*?</answer>.*", re.DOTALL
)

# Regions of a 3x3 grid, numbered row by row from 1; words move from its centre (SPEC 6).
CENTRE: Final = 5
COLUMN_STEP: Final = 1
ROW_STEP: Final = 3


def consistency_reward(completion: str, solution: str) -> float:
    """1 where the whole completion has the form that its truth asks for (paper: P_normal, P_abnormal)."""
    form = {"yes": _ANOMALOUS_FORM, "no": _NORMAL_FORM}.get(_truth(solution))
    return CONSISTENT if form is not None and form.fullmatch(completion) else 0.0


def accuracy_reward(completion: str, solution: str, profile: IadProfile = "iad_r1_code") -> float:
    """1 for the right answer; for an anomalous truth location and type as well."""
    truth = _truth(solution)
    if truth not in ("yes", "no"):
        return 0.0
    reward = RIGHT_ANSWER if _tag(completion, "answer") == truth else 0.0
    if truth == "no":
        return reward
    kind, true_kind = _tag(completion, "type"), _tag(solution, "type")
    place, true_place = _tag(completion, "location"), _tag(solution, "location")
    details = 0.0
    if kind is not None and true_kind is not None:
        details += type_reward(kind, true_kind)
    if place is not None and true_place is not None:
        details += location_reward(place, true_place)
    return reward + DETAIL_WEIGHT[profile] * details


def location_reward(predicted: str, truth: str) -> int:
    """1 where both descriptions name the same region of the 3x3 grid, else 0."""
    return SAME_PLACE if region_of(predicted) == region_of(truth) else 0


def region_of(location: str) -> int:
    """Region 1..9 of a description. "left" goes before "right", "top" before "bottom"; no word is the centre."""
    text = location.lower()
    region = CENTRE
    if "left" in text:
        region -= COLUMN_STEP
    elif "right" in text:
        region += COLUMN_STEP
    if "top" in text or "upper" in text:
        region -= ROW_STEP
    elif "bottom" in text or "lower" in text:
        region += ROW_STEP
    return region


def _tag(text: str, name: str) -> str | None:
    match = re.search(rf"<{name}>(.*?)</{name}>", text)
    return match.group(1).strip().lower() if match else None


def _truth(solution: str) -> str:
    answer = _tag(solution, "answer")
    return solution.strip().lower() if answer is None else answer
