"""Option letters in free text: the published finder's accidents, and our finder without them."""

import pytest

from judo_gpu.rewards.letters import find_letter


@pytest.mark.parametrize(
    ("text", "published", "strict"),
    [
        ("", None, None),
        ("A", "A", "A"),
        ("B)", "B", "B"),
        ("E", "E", "E"),
        ("x", "x", None),
        ("The answer is C.", "C", "C"),
        ("A scratch on the rim", "A", None),
        ("The PCB is whole", "C", None),
        ("ABCD", "D", None),
        ("Option B is wrong, so D.", "D", "D"),
        ("The answer is B, not A", "A", "B"),
        ("A is right", "A", "A"),
        ("The USB-C port is bent", "B", None),
        ("The answer is A scratch", "A", "A"),
        ("no capital here", None, None),
    ],
)
def test_each_profile_finds_the_letter_that_its_rule_names(
    text: str, published: str | None, strict: str | None
) -> None:
    assert find_letter(text, "judo_code") == published
    assert find_letter(text, "strict") == strict


def test_a_letter_named_more_often_scores_more_often_in_the_published_finder() -> None:
    text = "THINK B and B then THINK A or so it goes on"
    assert find_letter(text, "judo_code") == "B"


def test_chinese_cues_count_for_anomalyr1_alone() -> None:
    text = "B or 答案 A and there is a long tail of words behind it, one after the other, x"
    assert find_letter(text, "anomalyr1_code") == "B"
    assert (
        find_letter(
            "C there is a long gap of words until 答案 A and a long tail of words behind it", "judo_code"
        )
        == "C"
    )
    assert (
        find_letter(
            "C there is a long gap of words until 答案 A and a long tail of words behind it", "anomalyr1_code"
        )
        == "A"
    )
