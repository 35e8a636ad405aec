"""Format reward (JUDO 3.3): `<seg>`, `<think>` and `<answer>` occur complete and in this order.

The program pays 0.2 and allows text around the tags; the paper gives no magnitude.
"""

from typing import Final

from .tags import has_ordered_tags

FORMAT_MAGNITUDE: Final = 0.2  # JUDO grpo_seg_twoimg, format_reward
JUDO_TAGS: Final = ("seg", "think", "answer")


def format_reward(completion: str, magnitude: float = FORMAT_MAGNITUDE) -> float:
    """`magnitude` where the three tags occur in order, else 0."""
    return magnitude if has_ordered_tags(completion, JUDO_TAGS) else 0.0
