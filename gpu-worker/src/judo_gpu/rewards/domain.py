"""Domain reasoning reward (JUDO 3.3 eq. 1): cosine of the think's and the golden reasoning's MiniLM embeddings.

`judo_code`: 0.1 x cosine, no threshold. `judo_paper`: the cosine, 0 below 0.5. Both 0 unless the three tags
are complete and follow each other with white space alone between them. Departure in `strict`: an empty think
scores 0.
"""

from dataclasses import dataclass
from typing import Final

from .choice import RewardProfile
from .format import JUDO_TAGS
from .tags import has_adjacent_tags, last_tag


@dataclass(frozen=True)
class DomainRule:
    """Reward = scale x cosine, 0 for a cosine below the floor."""

    scale: float
    floor: float | None


JUDO_CODE_DOMAIN: Final = DomainRule(scale=0.1, floor=None)  # JUDO grpo_seg_twoimg, domain_reward
JUDO_PAPER_DOMAIN: Final = DomainRule(scale=1.0, floor=0.5)  # JUDO 3.3 eq. 1
DOMAIN_RULE_OF: Final[dict[RewardProfile, DomainRule]] = {
    "judo_code": JUDO_CODE_DOMAIN,
    "judo_paper": JUDO_PAPER_DOMAIN,
    "strict": JUDO_CODE_DOMAIN,
}


def domain_text(completion: str, profile: RewardProfile = "judo_code") -> str | None:
    """The think to embed, or None where the completion earns no domain reward whatever it says."""
    if not has_adjacent_tags(completion, JUDO_TAGS):
        return None
    thinking = last_tag(completion, "think")
    return None if profile == "strict" and not thinking else thinking


def domain_reward(cosine: float, rule: DomainRule) -> float:
    """Reward of one cosine."""
    if rule.floor is not None and cosine < rule.floor:
        return 0.0
    return rule.scale * cosine
