"""The rewards as TRL calls them, with the real encoder."""

from collections.abc import Sequence

import pytest

from judo_gpu.rewards.minilm import MiniLmEncoder
from judo_gpu.rewards.trl import build_reward_functions

GOLDEN = "The rim of the bottle is broken: a large piece of glass is missing at the lower edge."
GOOD = f"<seg> (1,1) </seg>\n<think> {GOLDEN} Hence the answer is B. </think>\n<answer>B</answer>"
ALL = {"choice": 1.0, "format": 1.0, "structure": 1.0, "segmentation": 1.0, "domain": 1.0}


class ConstantEncoder:
    """Says of every text that it is half like its golden one, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def cosines(self, texts: Sequence[str], goldens: Sequence[str]) -> list[float]:
        self.asked.extend(texts)
        return [0.5] * len(texts)


def columns(n: int) -> dict[str, object]:
    return {
        "solution": ["B"] * n,
        "golden": [GOLDEN] * n,
        "cells": [[[1, 1]]] * n,
        "options": [{"A": "x", "B": "y"}] * n,
        "trainer_state": object(),
    }


@pytest.fixture(scope="module")
def encoder() -> MiniLmEncoder:
    return MiniLmEncoder(device="cpu")


def test_judo_has_five_rewards_in_order_and_each_has_its_name() -> None:
    functions = build_reward_functions("judo_code", ALL, ConstantEncoder())
    assert [f.__name__ for f in functions] == ["choice", "format", "structure", "segmentation", "domain"]
    rewards = {f.__name__: f(prompts=["p"] * 2, completions=[GOOD, "?"], **columns(2)) for f in functions}
    assert rewards == {
        "choice": [1, 0],
        "format": [0.2, 0],
        "structure": [1, 0],
        "segmentation": [1, 0],
        "domain": [0.05, 0],
    }


def test_a_message_list_counts_like_its_last_content() -> None:
    choice = build_reward_functions("judo_code", {"choice": 1.0})[0]
    plain = [{"role": "assistant", "content": GOOD}]
    parts = [{"role": "assistant", "content": [{"type": "text", "text": GOOD}]}]
    assert choice(completions=[plain, parts, []], **columns(3)) == [1, 1, 0]


def test_weights_scale_rewards_and_0_leaves_one_out() -> None:
    functions = build_reward_functions("judo_paper", {**ALL, "format": 0, "choice": 2.5}, ConstantEncoder())
    assert [f.__name__ for f in functions] == ["choice", "structure", "segmentation", "domain"]
    assert functions[0](completions=[GOOD], **columns(1)) == [2.5]
    assert functions[-1](completions=[GOOD], **columns(1)) == [0.5]


def test_only_complete_answers_are_embedded() -> None:
    encoder = ConstantEncoder()
    domain = build_reward_functions("judo_code", {"domain": 1.0}, encoder)[0]
    assert domain(completions=["<think>x</think>", GOOD], **columns(2)) == [0, 0.05]
    assert encoder.asked == [f"{GOLDEN} Hence the answer is B."]


def test_anomalyr1_has_choice_and_roam_alone() -> None:
    functions = build_reward_functions("anomalyr1_code", ALL)
    assert [f.__name__ for f in functions] == ["choice", "structure"]
    completion = "<think>fine</think><answer>B</answer>"
    assert [f(completions=[completion], **columns(1)) for f in functions] == [[1], [0.8]]


@pytest.mark.parametrize(
    ("profile", "weights", "message"),
    [
        ("nobody", ALL, "unknown reward profile 'nobody'"),
        ("judo_code", ALL, "no encoder"),
        ("judo_code", {"choice": 0.0}, "no reward with a weight above 0"),
    ],
)
def test_a_set_of_rewards_that_cannot_be_built_is_refused(
    profile: str, weights: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        build_reward_functions(profile, weights)


def test_the_encoder_puts_a_paraphrase_before_another_product_before_another_subject(
    encoder: MiniLmEncoder,
) -> None:
    paraphrase = "A big chunk of glass has broken away from the bottle's mouth near its lower edge."
    product = "The printed circuit board has a mouse bite on the trace beside the pad."
    subject = "The committee will meet on Tuesday to discuss the budget."
    near, other, far = encoder.cosines([paraphrase, product, subject], [GOLDEN] * 3)
    assert near > 0.6 > other > far
    assert encoder.cosines([GOLDEN], [GOLDEN]) == [pytest.approx(1, abs=1e-5)]


def test_a_golden_text_has_the_same_embedding_whatever_stands_beside_it(encoder: MiniLmEncoder) -> None:
    alone = MiniLmEncoder(device="cpu").cosines(["a chip"], [GOLDEN])
    beside = encoder.cosines(["a chip"], [GOLDEN])
    assert alone == beside


def test_texts_and_golden_texts_have_to_be_pairs(encoder: MiniLmEncoder) -> None:
    assert encoder.cosines([], []) == []
    with pytest.raises(ValueError, match="1 texts for 2 golden texts"):
        encoder.cosines(["a"], ["b", "c"])
