"""Group-relative advantage (GRPO; JUDO 3.3, AnomalyR1 3.1) and the sum of rewards that it is taken of."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Final

STD_EPSILON: Final = 1e-4  # both programs' trainers


def group_advantages(rewards: Sequence[float], generations: int, epsilon: float = STD_EPSILON) -> list[float]:
    """(r - mean) / (unbiased std + epsilon) in each group of `generations` rewards that follow each other."""
    if generations < 1 or len(rewards) % generations:
        raise ValueError(f"{len(rewards)} rewards do not split into groups of {generations}")
    groups = (rewards[at : at + generations] for at in range(0, len(rewards), generations))
    return [advantage for group in groups for advantage in _advantages(group, epsilon)]


def _advantages(group: Sequence[float], epsilon: float) -> list[float]:
    mean = fmean(group)
    spread = stdev(group) if len(group) > 1 else 0.0  # one completion has no spread: its advantage is 0
    return [(reward - mean) / (spread + epsilon) for reward in group]


def total_reward(rewards: Mapping[str, float], weights: Mapping[str, float] | None = None) -> float:
    """Weighted sum; the published program sums unweighted (SPEC 4)."""
    return sum(
        reward * (1.0 if weights is None else weights.get(name, 1.0)) for name, reward in rewards.items()
    )
