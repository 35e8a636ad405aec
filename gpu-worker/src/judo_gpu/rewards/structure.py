"""Reasoning structure reward (JUDO 3.3): the ROAM table, less what is concluded before it is reasoned.

A think that opens with a bare letter choice scores 0; a letter choice in the first half of the think caps the
reward.

Profile `judo_code` finds letters as the published program does: "A scratch.." opens with a choice, "PCB "
names one. Departure in profile `strict`: `letters.strict_letters` decides both, so that neither does. Without
tags the table alone decides in both profiles, so a right answer without `<think>` scores like one that names
no letter.
"""

import re
from typing import Final

from .choice import FINDER_OF, RewardProfile
from .letters import find_letter, strict_letters
from .roam import ROAM, RoamTable, roam_score
from .tags import last_tag

EARLY_CHOICE_CAP: Final = 0.2  # JUDO grpo_seg_twoimg, structure_reward

_OPENS_WITH_LETTER: Final = re.compile(r"[A-D][\s.:]")
_NAMES_LETTER: Final = re.compile(r"\b[A-D]\b|[A-D][\s.:]")
_OPENING_MARKS: Final = "*(\"'“ \n\t"


def structure_reward(
    completion: str,
    solution: str,
    profile: RewardProfile = "judo_code",
    early_choice_cap: float = EARLY_CHOICE_CAP,
    table: RoamTable = ROAM,
) -> float:
    """Agreement of reasoning and answer by `table`, 0 for a lazy think, capped for an early choice."""
    thinking, answer = last_tag(completion, "think"), last_tag(completion, "answer")
    finder = FINDER_OF[profile]
    if thinking and _is_lazy(thinking, strict=profile == "strict"):
        return 0.0
    reward = roam_score(
        find_letter(thinking, finder) if thinking else None,
        find_letter(answer, finder) if answer else None,
        solution,
        table,
    )
    if thinking and _names_letter_early(thinking, strict=profile == "strict"):
        return min(reward, early_choice_cap)
    return reward


def _is_lazy(thinking: str, *, strict: bool) -> bool:
    if not strict:
        return _OPENS_WITH_LETTER.match(thinking) is not None
    return any(not thinking[: match.start()].strip(_OPENING_MARKS) for match in strict_letters(thinking))


def _names_letter_early(thinking: str, *, strict: bool) -> bool:
    middle = len(thinking) // 2
    if not strict:
        return _NAMES_LETTER.search(thinking[:middle]) is not None
    return any(match.start() < middle for match in strict_letters(thinking))
