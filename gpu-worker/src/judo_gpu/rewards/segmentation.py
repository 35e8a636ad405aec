"""Segmentation reward (JUDO 3.3 eq. 2) and the parser of `<seg>` texts (SPEC 3).

Departure in profile `strict`: a completion without a `<seg>` tag is malformed, and tags may span lines; the
published program (`judo_code`) takes both for "no anomaly" and so rewards a missing tag on a normal image.
"""

import re
from collections.abc import Iterable
from typing import Final, Literal

Cell = tuple[int, int]
SegProfile = Literal["strict", "judo_code"]

GRID: Final = 16  # cells along each side (JUDO 3.1)
OVERLAP_FLOOR: Final = 0.2  # both sets non-empty, whatever the overlap (JUDO eq. 2)
F1_WEIGHT: Final = 0.8  # JUDO eq. 2

_ITEM: Final = re.compile(
    r"\(\s*(\d{1,6})\s*,\s*(\d{1,6})\s*\)(?:\s*-\s*\(\s*(\d{1,6})\s*,\s*(\d{1,6})\s*\))?", re.ASCII
)


def parse_cells(completion: str, profile: SegProfile = "strict", grid: int = GRID) -> frozenset[Cell] | None:
    """Cells named by the first `<seg>` tag, or None where they are malformed."""
    strict = profile == "strict"
    match = re.search(r"<seg>(.*?)</seg>", completion, re.DOTALL if strict else 0)
    if match is None:
        return None if strict else frozenset()
    content = match.group(1).strip()
    if content.lower() == "none":
        return frozenset()
    cells: set[Cell] = set()
    # A comma inside parentheses has a `)` ahead of it with no `(` between.
    for item in (part.strip() for part in re.split(r",(?![^(]*\))", content)):
        if not item:
            continue
        run = _read_item(item) if strict else _read_item_leniently(item)
        if run is None:
            return None
        row, first, last_row, last = run
        if row != last_row or not (1 <= first <= last <= grid and 1 <= row <= grid):
            return None
        cells.update((row, column) for column in range(first, last + 1))
    return frozenset(cells)


def cells_text(cells: Iterable[Cell]) -> str:
    """Text of a set of cells as the rows have it (SPEC 3): runs of neighbouring columns as ranges, row by row, or `None`."""
    runs: list[tuple[int, int, int]] = []
    for row, column in sorted(set(cells)):
        if runs and runs[-1][0] == row and runs[-1][2] + 1 == column:
            runs[-1] = (row, runs[-1][1], column)
        else:
            runs.append((row, column, column))
    items = [f"({row},{first})" + (f"-({row},{last})" if last > first else "") for row, first, last in runs]
    return " , ".join(items) or "None"


def _read_item(item: str) -> tuple[int, int, int, int] | None:
    match = _ITEM.fullmatch(item)
    if match is None:
        return None
    row, first, last_row, last = match.groups()
    return int(row), int(first), int(last_row or row), int(last or first)


def _read_item_leniently(item: str) -> tuple[int, int, int, int] | None:
    """The published parser: parentheses are stripped wherever they are, integers are whatever `int` takes."""
    try:
        ends = [[int(number) for number in end.strip("() ").split(",")] for end in item.split("-")]
    except ValueError:
        return None
    if len(ends) > 2 or any(len(end) != 2 for end in ends):
        return None
    (row, first), (last_row, last) = ends[0], ends[-1]
    return row, first, last_row, last


def segmentation_reward(
    predicted: Iterable[Cell] | None,
    truth: Iterable[Cell],
    overlap_floor: float = OVERLAP_FLOOR,
    f1_weight: float = F1_WEIGHT,
) -> float:
    """F1 overlap of anomaly grid cells, JUDO eq. 2. None means malformed text: 0 even on a normal image."""
    if predicted is None:
        return 0.0
    named, marked = frozenset(predicted), frozenset(truth)
    if bool(named) != bool(marked):
        return 0.0
    if not marked:
        return 1.0
    f1 = 2 * len(named & marked) / (len(named) + len(marked))
    return overlap_floor + f1_weight * f1
