"""Option letters in free text (JUDO 3.3, AnomalyR1 3.2).

Profiles:
- `judo_code`, `anomalyr1_code`: the published programs' finder. Any capital A-D without a lower-case
  neighbour counts, so the article "A" and the C of "PCB" are choices; of several, position and context score.
- `strict`: standalone capitals only, the article left out; a letter declared as the answer goes before
  others, of several the last counts. `activities/evaluation/answers.ts` has the same rule; the conformance
  run holds them together.
"""

import re
from typing import Final, Literal

LetterProfile = Literal["judo_code", "anomalyr1_code", "strict"]

# The programs look for `keyword.upper()` in the text as written, so that only shouted words ever score.
JUDO_CUES: Final = ("ANSWER", "CORRECT", "CHOOSE", "SELECT", "RIGHT", "THINK", "BELIEVE", "SHOULD")
# AnomalyR1's list has Chinese cues as well, which have no case and do score.
ANOMALYR1_CUES: Final = (*JUDO_CUES, "答案", "选择", "正确", "是", "对", "认为", "应该", "觉得")

CONTEXT_CHARS: Final = 20  # on each side of a letter
LATE_SHARE: Final = 0.7  # a letter behind this share of the text is near its end
LATE_SCORE: Final = 2
CUE_SCORE: Final = 1
PUNCTUATION_SCORE: Final = 1
CLOSING_PUNCTUATION: Final = "。.!！,，"  # noqa: RUF001 - the published list has full-width marks
SHORT_TEXT: Final = 3  # below this length the first word character is the choice, whatever it is


def find_letter(text: str, profile: LetterProfile = "strict") -> str | None:
    """The option letter that a text names, or None."""
    if profile == "strict":
        return _find_strict(text)
    return _find_scored(text, ANOMALYR1_CUES if profile == "anomalyr1_code" else JUDO_CUES)


def _find_scored(text: str, cues: tuple[str, ...]) -> str | None:
    text = re.sub(r"\s+", " ", text)
    if len(text) < SHORT_TEXT:
        return re.sub(r"[^\w\s]", "", text)[:1] or None
    found: list[str] = re.findall(r"(?<![a-z])[A-D](?![a-z])", text)
    if len(found) < 2:
        return found[0] if found else None
    candidates = list(dict.fromkeys(found))  # in order of appearance: the first of equal scores wins
    # The programs add a letter's score once for each time that it was found.
    return max(candidates, key=lambda letter: found.count(letter) * _score(text, letter, cues))


def _score(text: str, letter: str, cues: tuple[str, ...]) -> int:
    # The last occurrence of the character, even one inside a word: that is what the programs look at.
    at = text.rfind(letter)
    context = text[max(0, at - CONTEXT_CHARS) : at + CONTEXT_CHARS]
    score = CUE_SCORE * sum(cue in context for cue in cues)
    if at > len(text) * LATE_SHARE:
        score += LATE_SCORE
    if at < len(text) - 1 and text[at + 1] in CLOSING_PUNCTUATION:
        score += PUNCTUATION_SCORE
    return score


# A capital that touches no letter, digit, apostrophe or hyphen: neither the C of PCB nor of USB-C.
_STANDALONE: Final = re.compile(r"(?<![\w'’-])[A-E](?![\w'’-])")  # noqa: RUF001
_DECLARED: Final = re.compile(
    r"(?:\banswer|\b(?:correct|right|best) (?:option|choice|letter))"
    r"(?: is| would be| must be|:)?[\s:*(\"'“]*\Z"
    r"|\b(?:choose|select|pick)(?: option)?[\s:*(\"'“]*\Z",
    re.IGNORECASE,
)
_SENTENCE_START: Final = re.compile(r"(?:\A|[.!?:;\n>])[\s*(\"'“]*\Z")
_LETTER_AS_SUBJECT: Final = re.compile(
    r"\s+(?:is|was|are|because|since|as|and|or|but|not|seems|appears|matches|fits|describes|would|can|cannot|must"
    r"|should|does)(?![^\W_])"
)


def strict_letters(text: str) -> list[re.Match[str]]:
    """Every option letter that `strict` sees in a text, in order."""
    return [match for match in _STANDALONE.finditer(text) if not _is_article(text, match)]


def _find_strict(text: str) -> str | None:
    found = strict_letters(text)
    chosen = [match for match in found if _DECLARED.search(text[: match.start()])] or found
    return chosen[-1].group() if chosen else None


def _is_article(text: str, match: re.Match[str]) -> bool:
    """Whether a capital A opens a sentence and a word other than a verb or conjunction follows."""
    after = text[match.end() :]
    return (
        match.group() == "A"
        and _SENTENCE_START.search(text[: match.start()]) is not None
        and re.match(r"\s+[^\W\d_]", after) is not None
        and _LETTER_AS_SUBJECT.match(after) is None
    )
