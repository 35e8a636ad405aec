"""Choice reward (JUDO 3.3; AnomalyR1's accuracy reward): the letter in the last `<answer>` is right.

AnomalyR1's program pays only where `<think>` and `<answer>` follow each other with white space alone between
them.
"""

from typing import Final, Literal

from .letters import LetterProfile, find_letter
from .tags import has_adjacent_tags, last_tag

RIGHT_CHOICE: Final = 1.0

RewardProfile = Literal["judo_code", "judo_paper", "strict", "anomalyr1_code"]

# JUDO's paper describes no letter finder; its profile differs from the program in the domain reward alone.
FINDER_OF: Final[dict[RewardProfile, LetterProfile]] = {
    "judo_code": "judo_code",
    "judo_paper": "judo_code",
    "anomalyr1_code": "anomalyr1_code",
    "strict": "strict",
}


def choice_reward(
    completion: str, solution: str, profile: RewardProfile = "judo_code", right_choice: float = RIGHT_CHOICE
) -> float:
    """`right_choice` where the last `<answer>` names the solution's letter, else 0."""
    if profile == "anomalyr1_code" and not has_adjacent_tags(completion, ("think", "answer")):
        return 0.0
    answer = last_tag(completion, "answer")
    if answer is None or find_letter(answer, FINDER_OF[profile]) != solution:
        return 0.0
    return right_choice
