"""Type reward of IAD-R1 (paper 3.3, R_type): agreement of two names of an anomaly, in levels.

The vocabulary is the published program's (train/stage_rl/reward_process): it defines which names agree, the
paper does not print it. "A name" below is text in lower case with single spaces and no punctuation but
hyphens.
"""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final


@dataclass(frozen=True)
class TypeScores:
    """Magnitudes of R_type. A category match goes from `category` to `semantic` with its confidence."""

    exact: float = 1.0
    semantic: float = 0.85
    category: float = 0.6
    fuzzy: float = 0.4
    group: float = 0.3
    fuzzy_threshold: float = 0.7


TYPE_SCORES: Final = TypeScores()

SURFACE: Final = "surface"
STRUCTURE: Final = "structure"

# Group -> category -> its other names; commas separate them. A category is a name of its own.
VOCABULARY: Final[dict[str, dict[str, str]]] = {
    SURFACE: {
        "contamination": "surface contamination, stain, dirt, impurity, color anomaly",
        "presence of foreign objects": "foreign object, foreign body, debris, contaminant object,"
        " extraneous material, foreign element, foreign matter, unwanted object",
        "scratch": "surface scratch, scratch mark, linear scratch, score mark, linear anomaly",
        "missing parts": "missing part, surface notch, notch, gap, chip, surface discontinuity",
    },
    STRUCTURE: {
        "deformation": "shape distortion, warping, bending, twisting, shape deviation, geometric distortion,"
        " irregularity, bent component",
        "hole": "opening, perforation, puncture, cavity, void, aperture, penetration defect, through-hole",
        "damage": "structural damage, breakage, fracture, rupture, deterioration, material damage,"
        " surface damage",
        "abrasion": "wear, grinding damage, surface erosion, wear mark, surface wear",
    },
}
GROUP_NAMES: Final = {
    "surface anomalies": SURFACE,
    "surface anomaly": SURFACE,
    "structural anomalies": STRUCTURE,
    "structural anomaly": STRUCTURE,
}

CATEGORY_OF: Final = {
    name: category
    for categories in VOCABULARY.values()
    for category, names in categories.items()
    for name in (category, *(part.strip() for part in names.split(",")))
}
GROUP_OF: Final = {category: group for group, categories in VOCABULARY.items() for category in categories}


def type_reward(predicted: str, truth: str, scores: TypeScores = TYPE_SCORES) -> float:
    """How far two names of an anomaly agree, 0..1. The first level that applies decides."""
    if not predicted or not truth:
        return 0.0
    named, true = normalize(predicted), normalize(truth)
    category, confidence = nearest_category(named, scores.fuzzy_threshold)
    true_category, true_confidence = nearest_category(true, scores.fuzzy_threshold)
    group = GROUP_NAMES.get(named) or GROUP_OF.get(category or "")
    true_group = GROUP_NAMES.get(true) or GROUP_OF.get(true_category or "")
    if group and true_group and group != true_group:
        return 0.0
    if group == true_group and (named in GROUP_NAMES) != (true in GROUP_NAMES):
        return scores.group
    if named == true:
        return scores.exact
    if named in true or true in named:
        return scores.semantic
    if category is not None and category == true_category:
        return scores.category + (scores.semantic - scores.category) * min(confidence, true_confidence)
    if category is not None and true_category is not None and GROUP_OF[category] == GROUP_OF[true_category]:
        return scores.group
    similarity = SequenceMatcher(None, named, true).ratio()
    return similarity * scores.fuzzy if similarity >= scores.fuzzy_threshold else 0.0


def normalize(name: str) -> str:
    """Lower case, single spaces, no punctuation but hyphens. Spaces are not stripped again, as published."""
    return re.sub(r"[^\w\s-]", "", re.sub(r"\s+", " ", name.lower().strip()))


def nearest_category(name: str, fuzzy_threshold: float) -> tuple[str | None, float]:
    """The category of a name and the confidence 0..1: equal, then one contains the other, then similar."""
    if name in CATEGORY_OF:
        return CATEGORY_OF[name], 1.0
    contained = [(_length_ratio(name, key), key) for key in CATEGORY_OF if name in key or key in name]
    similar = contained if any(share for share, _ in contained) else _similar_names(name, fuzzy_threshold)
    best = max(
        similar, key=lambda pair: pair[0], default=(0.0, "")
    )  # the first of equals, in the vocabulary's order
    return (CATEGORY_OF[best[1]], best[0]) if best[0] > 0 else (None, 0.0)


def _length_ratio(a: str, b: str) -> float:
    return min(len(a), len(b)) / max(len(a), len(b))


def _similar_names(name: str, fuzzy_threshold: float) -> list[tuple[float, str]]:
    ratios = ((SequenceMatcher(None, name, key).ratio(), key) for key in CATEGORY_OF)
    return [(ratio, key) for ratio, key in ratios if ratio >= fuzzy_threshold]
