"""The rewards as TRL's GRPOTrainer calls them: `f(completions, **columns) -> list[float]`.

Columns: `solution` (letter), `golden` (text), `cells` (list of [row, column]). A function's result is already
times its weight, so the trainer's own `reward_weights` stay unset; a reward of weight 0 is not computed at
all.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, get_args

from .choice import RewardProfile, choice_reward
from .domain import DOMAIN_RULE_OF, domain_reward, domain_text
from .format import format_reward
from .iadr1 import accuracy_reward, consistency_reward
from .minilm import DomainEncoder
from .roam import roam_reward
from .segmentation import parse_cells, segmentation_reward
from .structure import structure_reward

Completion = str | Sequence[Mapping[str, Any]]
RewardFunction = Callable[..., list[float]]
Score = Callable[[str, Mapping[str, Any]], float]

JUDO_PROFILES: Final = ("judo_code", "judo_paper", "strict")
PROFILES: Final = (*get_args(RewardProfile), "iad_r1_code")


def build_reward_functions(
    profile: str, weights: Mapping[str, float], domain_encoder: DomainEncoder | None = None
) -> list[RewardFunction]:
    """The profile's rewards whose weight is above 0, weighted.

    AnomalyR1 has two: `choice` and `structure` (its ROAM). IAD-R1 has two: `choice` (its accuracy reward) and
    `format` (its consistency reward), and its `solution` column holds the tagged truth.
    """
    if profile not in PROFILES:
        raise ValueError(f"unknown reward profile {profile!r}: expected one of {', '.join(PROFILES)}")
    functions = [
        _weighted(name, score, weights[name])
        for name, score in _scores(profile).items()
        if weights.get(name, 0) > 0
    ]
    if profile in JUDO_PROFILES and weights.get("domain", 0) > 0:
        if domain_encoder is None:
            raise ValueError("the domain reward has a weight but no encoder")
        functions.append(_domain(profile, domain_encoder, weights["domain"]))  # type: ignore[arg-type]
    if not functions:
        raise ValueError(f"profile {profile} has no reward with a weight above 0: {dict(weights)}")
    return functions


def _scores(profile: str) -> dict[str, Score]:
    if profile == "anomalyr1_code":
        return {
            "choice": lambda text, row: choice_reward(text, row["solution"], "anomalyr1_code"),
            "structure": lambda text, row: roam_reward(text, row["solution"]),
        }
    if profile == "iad_r1_code":
        return {
            "choice": lambda text, row: accuracy_reward(text, row["solution"]),
            "format": lambda text, row: consistency_reward(text, row["solution"]),
        }
    return _judo_scores(profile)  # type: ignore[arg-type]


def _judo_scores(profile: RewardProfile) -> dict[str, Score]:
    def segmentation(text: str, row: Mapping[str, Any]) -> float:
        predicted = parse_cells(text, "strict" if profile == "strict" else "judo_code")
        return segmentation_reward(predicted, ((int(r), int(c)) for r, c in row["cells"]))

    return {
        "choice": lambda text, row: choice_reward(text, row["solution"], profile),
        "format": lambda text, row: format_reward(text),
        "structure": lambda text, row: structure_reward(text, row["solution"], profile),
        "segmentation": segmentation,
    }


def _weighted(name: str, score: Score, weight: float) -> RewardFunction:
    def reward(completions: Sequence[Completion], **columns: Any) -> list[float]:
        return [weight * score(text, row) for text, row in zip(*_aligned(completions, columns), strict=True)]

    reward.__name__ = name
    return reward


def _domain(profile: RewardProfile, encoder: DomainEncoder, weight: float) -> RewardFunction:
    rule = DOMAIN_RULE_OF[profile]

    def domain(completions: Sequence[Completion], golden: Sequence[str], **columns: Any) -> list[float]:
        texts = [domain_text(text_of(completion), profile) for completion in completions]
        rated = [(text, true) for text, true in zip(texts, golden, strict=True) if text is not None]
        cosines = iter(encoder.cosines([text for text, _ in rated], [true for _, true in rated]))
        return [0.0 if text is None else weight * domain_reward(next(cosines), rule) for text in texts]

    return domain


def _aligned(
    completions: Sequence[Completion], columns: Mapping[str, Any]
) -> tuple[list[str], list[dict[str, Any]]]:
    """Texts, and each one's columns. TRL passes other keywords too: columns are lists of the batch's length."""
    lists = {
        name: values
        for name, values in columns.items()
        if isinstance(values, list) and len(values) == len(completions)
    }
    rows = [{name: values[i] for name, values in lists.items()} for i in range(len(completions))]
    return [text_of(completion) for completion in completions], rows


def text_of(completion: Completion) -> str:
    """The text of a completion: itself, or the content of its last message (text parts joined)."""
    if isinstance(completion, str):
        return completion
    content = completion[-1]["content"] if completion else ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)
