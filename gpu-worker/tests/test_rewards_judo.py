"""JUDO's and AnomalyR1's rewards, as tables of the papers' cases and properties."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judo_gpu.rewards.advantage import group_advantages, total_reward
from judo_gpu.rewards.choice import choice_reward
from judo_gpu.rewards.domain import DOMAIN_RULE_OF, domain_reward, domain_text
from judo_gpu.rewards.format import format_reward
from judo_gpu.rewards.roam import roam_reward, roam_score
from judo_gpu.rewards.segmentation import Cell, parse_cells, segmentation_reward
from judo_gpu.rewards.structure import structure_reward

cells = st.frozensets(st.tuples(st.integers(1, 16), st.integers(1, 16)))
noise = st.lists(
    st.sampled_from(
        [
            "<seg>",
            "</seg>",
            "<think>",
            "</think>",
            "<answer>",
            "</answer>",
            "A",
            "B.",
            "(1,2)",
            "-",
            ",",
            "\n",
            " x",
        ]
    )
).map("".join)


def written(marked: frozenset[Cell]) -> str:
    return f"<seg> {' , '.join(f'({r},{c})' for r, c in marked) or 'None'} </seg>"


@given(cells, st.sampled_from(["strict", "judo_code"]))
def test_written_cells_read_back_in_both_profiles(marked: frozenset[Cell], profile: str) -> None:
    assert parse_cells(written(marked), profile) == marked  # type: ignore[arg-type]


def test_a_range_names_every_cell_of_it() -> None:
    assert parse_cells("<seg>(2,3)-(2,5), (4,4)</seg>") == {(2, 3), (2, 4), (2, 5), (4, 4)}


@pytest.mark.parametrize(
    ("text", "strict", "judo_code"),
    [
        ("no tag", None, set()),
        ("<seg>\n(1,1)\n</seg>", {(1, 1)}, set()),
        ("<seg>\n</seg><seg>(2,2)</seg>", set(), {(2, 2)}),
        ("<seg>5,5)</seg>", None, {(5, 5)}),
        ("<seg>(+4,2)</seg>", None, {(4, 2)}),
        ("<seg>(1,1)-(1,2)-(1,3)</seg>", None, None),
        ("<seg>(1,2)-(1,1)</seg>", None, None),
        ("<seg>(0,1)</seg>", None, None),
        ("<seg>NONE</seg>", set(), set()),
    ],
)
def test_malformed_cells_are_judged_by_profile(
    text: str, strict: set[Cell] | None, judo_code: set[Cell] | None
) -> None:
    assert parse_cells(text, "strict") == strict
    assert parse_cells(text, "judo_code") == judo_code


@given(cells, cells)
def test_the_segmentation_reward_is_symmetric_and_between_0_and_1(
    a: frozenset[Cell], b: frozenset[Cell]
) -> None:
    assert segmentation_reward(a, b) == segmentation_reward(b, a)
    assert 0 <= segmentation_reward(a, b) <= 1
    assert segmentation_reward(a, a) == pytest.approx(1)


def test_a_malformed_segmentation_earns_nothing_even_on_a_normal_image() -> None:
    assert segmentation_reward(None, []) == 0
    assert segmentation_reward([], []) == 1
    assert segmentation_reward([(1, 1)], []) == 0
    assert segmentation_reward([(1, 1)], [(2, 2)]) == pytest.approx(0.2)


@given(noise, st.sampled_from("ABCD"))
def test_no_completion_makes_a_reward_fail_or_leave_its_range(completion: str, solution: str) -> None:
    for profile in ("judo_code", "judo_paper", "strict", "anomalyr1_code"):
        assert choice_reward(completion, solution, profile) in (0, 1)  # type: ignore[arg-type]
    for profile in ("judo_code", "strict"):
        assert structure_reward(completion, solution, profile) in (0, 0.05, 0.1, 0.2, 0.8, 1)  # type: ignore[arg-type]
    assert roam_reward(completion, solution) in (0, 0.05, 0.1, 0.8, 1)
    assert format_reward(completion) in (0, 0.2)


@pytest.mark.parametrize(
    ("thought", "answered", "reward"),
    [
        (None, None, 0),
        (None, "B", 0.8),
        (None, "A", 0.05),
        ("B", "B", 1),
        ("A", "A", 0.1),
        ("A", "B", 0),
        ("B", None, 0),
    ],
)
def test_roam_is_the_papers_table(thought: str | None, answered: str | None, reward: float) -> None:
    assert roam_score(thought, answered, "B") == reward


@pytest.mark.parametrize(
    ("think", "published", "strict"),
    [
        ("the rim is broken on one side, hence the answer is B.", 1.0, 1.0),
        ("B. the rim is broken so the answer is B.", 0.0, 0.0),
        ("the answer is B as the rim is broken on one side and whole on the other", 0.2, 0.2),
        ("A scratch runs over the whole rim of the part, hence the answer is B.", 0.0, 1.0),
        ("the PCB has a wide crack over its whole long edge, hence the answer is B.", 0.2, 1.0),
    ],
)
def test_the_article_and_a_pcb_are_choices_for_the_published_structure_reward_alone(
    think: str, published: float, strict: float
) -> None:
    completion = f"<think>{think}</think><answer>B</answer>"
    assert structure_reward(completion, "B", "strict") == strict
    assert structure_reward(completion, "B", "judo_code") == published


def test_a_word_cut_by_the_middle_of_the_think_is_no_early_choice() -> None:
    think = "the lower edge is Broken and out of line"
    assert think[: len(think) // 2].endswith(" B") or len(think) // 2 == think.index("B") + 2
    assert structure_reward(f"<think>{think}</think><answer>B</answer>", "B", "strict") == 0.8


@pytest.mark.parametrize(
    ("cosine", "code", "paper"),
    [(0.92, 0.092, 0.92), (0.5, 0.05, 0.5), (0.4999, 0.04999, 0), (-0.1, -0.01, 0)],
)
def test_the_domain_reward_has_a_threshold_in_the_paper_alone(
    cosine: float, code: float, paper: float
) -> None:
    assert domain_reward(cosine, DOMAIN_RULE_OF["judo_code"]) == pytest.approx(code)
    assert domain_reward(cosine, DOMAIN_RULE_OF["judo_paper"]) == paper


def test_the_domain_reward_reads_the_last_think_of_a_complete_answer_only() -> None:
    assert domain_text("<seg>None</seg>\n<think> t </think>\n<answer>A</answer>") == "t"
    assert domain_text("<seg>None</seg> and <think>t</think><answer>A</answer>") is None
    empty = "<seg>None</seg><think></think><answer>A</answer>"
    assert domain_text(empty, "judo_code") == ""
    assert domain_text(empty, "strict") is None


@given(st.lists(st.floats(-10, 10), min_size=8, max_size=8))
def test_advantages_of_a_group_sum_to_0_and_keep_the_order_of_rewards(rewards: list[float]) -> None:
    advantages = group_advantages(rewards, 4)
    for at in (0, 4):
        assert math.isclose(sum(advantages[at : at + 4]), 0, abs_tol=1e-6)
        best = max(range(at, at + 4), key=lambda i: rewards[i])
        assert advantages[best] == max(advantages[at : at + 4])


def test_rewards_that_do_not_fill_their_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="5 rewards do not split into groups of 4"):
        group_advantages([1.0] * 5, 4)
    assert group_advantages([3.0, 4.0], 1) == [0, 0]


def test_the_total_is_the_weighted_sum() -> None:
    assert total_reward({"choice": 1.0, "format": 0.2}) == pytest.approx(1.2)
    assert total_reward({"choice": 1.0, "format": 0.2}, {"format": 0.5}) == pytest.approx(1.1)
