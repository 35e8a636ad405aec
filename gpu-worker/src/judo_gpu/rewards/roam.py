"""Reasoned Outcome Alignment Metric (AnomalyR1 3.2): the reasoning's letter and the answer's letter against the
solution.

The program pays only where `<think>` and `<answer>` follow each other with white space alone between them.
"""

from dataclasses import dataclass
from typing import Final, Literal

from .letters import find_letter
from .tags import has_adjacent_tags, last_tag


@dataclass(frozen=True)
class RoamTable:
    """Magnitudes of SPEC 5; every case not named scores 0."""

    both_right: float = 1.0
    silent_right: float = 0.8  # the reasoning names no letter, the answer is right
    both_wrong_alike: float = 0.1
    silent_wrong: float = 0.05


ROAM: Final = RoamTable()


def roam_score(thought: str | None, answered: str | None, solution: str, table: RoamTable = ROAM) -> float:
    """The table itself. `thought` and `answered` are the letters found, None where there is none."""
    if thought is None and answered is None:
        return 0.0
    if thought is None:
        return table.silent_right if answered == solution else table.silent_wrong
    if thought != answered:
        return 0.0
    return table.both_right if answered == solution else table.both_wrong_alike


def roam_reward(
    completion: str,
    solution: str,
    profile: Literal["anomalyr1_code", "strict"] = "anomalyr1_code",
    table: RoamTable = ROAM,
) -> float:
    """AnomalyR1's reward on a whole completion. `strict` differs in the letter finder alone."""
    if not has_adjacent_tags(completion, ("think", "answer")):
        return 0.0
    # Both are there: adjacent tags are complete pairs.
    thinking, answer = last_tag(completion, "think") or "", last_tag(completion, "answer") or ""
    return roam_score(find_letter(thinking, profile), find_letter(answer, profile), solution, table)
