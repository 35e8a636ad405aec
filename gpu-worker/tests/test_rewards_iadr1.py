"""IAD-R1's rewards, as tables of the paper's levels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judo_gpu.rewards.iadr1 import accuracy_reward, consistency_reward, location_reward, region_of
from judo_gpu.rewards.iadr1_type import CATEGORY_OF, type_reward

ANOMALOUS = "<location>top left</location><type>scratch</type><answer>Yes</answer>"


@pytest.mark.parametrize(
    ("location", "region"),
    [
        ("", 5),
        ("center", 5),
        ("Top Left", 1),
        ("upper right corner", 3),
        ("left", 4),
        ("bottom", 8),
        ("lower-right", 9),
    ],
)
def test_words_move_from_the_centre_of_a_3x3_grid(location: str, region: int) -> None:
    assert region_of(location) == region


def test_opposite_words_do_not_cancel_out() -> None:
    assert location_reward("left and right sides", "left") == 1
    assert location_reward("top and bottom", "top") == 1


@pytest.mark.parametrize(
    ("predicted", "truth", "reward"),
    [
        ("Scratch", "scratch ", 1.0),
        ("surface scratch", "scratch", 0.85),
        ("stain", "dirt", 0.85),
        ("stains", "dirt", 0.6 + 0.25 * 5 / 6),
        ("scratch", "stain", 0.3),
        ("scratch", "hole", 0.0),
        ("surface anomaly", "scratch", 0.3),
        ("surface anomaly", "hole", 0.0),
        ("crack", "crak", 0.4 * 8 / 9),
        ("crack", "fracture", 0.0),
        ("", "scratch", 0.0),
        ("scratch", "", 0.0),
    ],
)
def test_types_agree_in_levels(predicted: str, truth: str, reward: float) -> None:
    assert type_reward(predicted, truth) == pytest.approx(reward)


names = st.one_of(st.sampled_from(sorted(CATEGORY_OF)), st.text("abc deh-!", max_size=12))


@given(names, names)
def test_the_type_reward_is_between_0_and_1_for_any_names(predicted: str, truth: str) -> None:
    assert 0 <= type_reward(predicted, truth) <= 1


@pytest.mark.parametrize(
    ("completion", "solution", "consistent"),
    [
        (f"<think>t</think>{ANOMALOUS}", ANOMALOUS, 1),
        ("<think>t</think><answer>No</answer>", "<answer>No</answer>", 1),
        ("<think>a\nb</think><answer>No</answer> end", "no", 1),
        (f"<think>t</think>{ANOMALOUS}", "<answer>No</answer>", 0),
        ("<think>t</think><answer>Yes</answer>", ANOMALOUS, 0),
        ("<think>t</think>\n<answer>No</answer>", "<answer>No</answer>", 0),
        ("<think>t</think><answer>No</answer>", "maybe", 0),
    ],
)
def test_an_answer_is_consistent_when_its_form_is_its_truths(
    completion: str, solution: str, consistent: float
) -> None:
    assert consistency_reward(completion, solution) == consistent


def test_the_program_halves_location_and_type_and_the_paper_does_not() -> None:
    completion = "<think>t</think><location>top left</location><type>hole</type><answer>yes</answer>"
    assert accuracy_reward(completion, ANOMALOUS) == 1.5
    assert accuracy_reward(completion, ANOMALOUS, "iad_r1_paper") == 2
    assert accuracy_reward(completion, "maybe") == 0


def test_location_and_type_are_paid_although_the_answer_is_wrong() -> None:
    completion = "<think>t</think><location>top left</location><type>scratch</type><answer>No</answer>"
    assert accuracy_reward(completion, ANOMALOUS) == 1
