"""Runs conformance cases through the reward functions.

Launch: echo '{"cases": [{"suite": .., "profile": .., "input": {..}}]}' | python -m judo_gpu.conformance
Writes `{"results": [..]}` in the cases' order: `{"got": value}`, `{"error": text}`, or `{"unknown": "suite" |
"profile"}`.
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from judo_gpu.rewards.advantage import group_advantages, total_reward
from judo_gpu.rewards.choice import choice_reward
from judo_gpu.rewards.domain import DOMAIN_RULE_OF, domain_reward, domain_text
from judo_gpu.rewards.format import format_reward
from judo_gpu.rewards.iadr1 import accuracy_reward, consistency_reward, location_reward
from judo_gpu.rewards.iadr1_type import type_reward
from judo_gpu.rewards.letters import find_letter
from judo_gpu.rewards.roam import roam_reward
from judo_gpu.rewards.segmentation import GRID, parse_cells, segmentation_reward
from judo_gpu.rewards.structure import structure_reward

Input = Mapping[str, Any]
# A suite: its functions' profile for each name a case may give it, and the call.
Suite = tuple[Mapping[str, str], Callable[[Input, Any], Any]]

# `judo_paper_submission` is the paper's reviewed version; its rules are `judo_paper`'s.
JUDO: Final = {
    "judo_code": "judo_code",
    "judo_paper": "judo_paper",
    "judo_paper_submission": "judo_paper",
    "strict": "strict",
}
SEG: Final = {"judo_code": "judo_code", "strict": "strict"}
LETTERS: Final = {"judo_code": "judo_code", "anomalyr1_code": "anomalyr1_code", "strict": "strict"}
ANOMALYR1: Final = {"anomalyr1_code": "anomalyr1_code"}
IAD: Final = {"iad_r1_code": "iad_r1_code"}
IAD_BOTH: Final = {**IAD, "iad_r1_paper": "iad_r1_paper"}
TRAINERS: Final = {**JUDO, **ANOMALYR1}


def _seg_parse(case: Input, profile: Any) -> dict[str, Any]:
    cells = parse_cells(case["completion"], profile, case.get("grid", GRID))
    return {"valid": False} if cells is None else {"valid": True, "cells": sorted(map(list, cells))}


def _seg_reward(case: Input, profile: Any) -> float:
    predicted = parse_cells(case["completion"], profile, case.get("grid", GRID))
    return segmentation_reward(predicted, ((r, c) for r, c in case["gt_cells"]))


def _domain(case: Input, profile: Any) -> float:
    text = domain_text(case["completion"], profile)
    return 0.0 if text is None else domain_reward(case["cosine"], DOMAIN_RULE_OF[profile])


def _total(case: Input, profile: Any) -> float:
    parts = {name: case[name] for name in ("choice", "format", "structure", "seg") if name in case}
    if "domain_cosine" in case:
        parts["domain"] = domain_reward(case["domain_cosine"], DOMAIN_RULE_OF[profile])
    return total_reward(parts, case.get("weights"))


SUITES: Final[dict[str, Suite]] = {
    "seg_parse": (SEG, _seg_parse),
    "seg_reward": (SEG, _seg_reward),
    "extract_choice": (LETTERS, lambda case, profile: find_letter(case["text"] or "", profile)),
    "structure_reward": (JUDO, lambda case, p: structure_reward(case["completion"], case["solution"], p)),
    "choice_reward": (JUDO, lambda case, p: choice_reward(case["completion"], case["solution"], p)),
    "format_reward": (JUDO, lambda case, _: format_reward(case["completion"])),
    "domain_reward": (JUDO, _domain),
    "total_reward": (JUDO, _total),
    "grpo_advantage": (TRAINERS, lambda case, _: group_advantages(case["rewards"], case["num_generations"])),
    "roam_reward": (
        {**ANOMALYR1, "strict": "strict"},
        lambda case, p: roam_reward(case["completion"], case["solution"], p),
    ),
    "anomalyr1_choice": (ANOMALYR1, lambda case, p: choice_reward(case["completion"], case["solution"], p)),
    "iadr1_location": (IAD, lambda case, _: location_reward(case["pred"], case["gt"])),
    "iadr1_type": (IAD, lambda case, _: type_reward(case["pred"], case["gt"])),
    "iadr1_accuracy": (IAD_BOTH, lambda case, p: accuracy_reward(case["completion"], case["solution"], p)),
    "iadr1_consistency": (IAD_BOTH, lambda case, _: consistency_reward(case["completion"], case["solution"])),
}


def run_case(case: Mapping[str, Any]) -> dict[str, Any]:
    """Result of one case; a fault of the case itself is its error, never the run's."""
    suite = SUITES.get(case["suite"])
    if suite is None:
        return {"unknown": "suite"}
    profiles, call = suite
    if case["profile"] not in profiles:
        return {"unknown": "profile"}
    try:
        return {"got": call(case["input"], profiles[case["profile"]])}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> int:
    """Cases from stdin, results to stdout."""
    results = [run_case(case) for case in json.load(sys.stdin)["cases"]]
    json.dump({"results": results}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
