"""Rows of a training job and requests of an inference job (contracts/rows.ts): read whole, every fault with file and line."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import AfterValidator, Field, ValidationError

from judo_gpu.failures import DatasetCorrupt, InvalidSpec
from judo_gpu.job import InferJob, Strict, Training

if TYPE_CHECKING:
    from PIL.Image import Image

ROWS = "rows.jsonl"
# Stands in a request's prompt where a picture belongs (activities/evaluation/prompts.ts has the same).
IMAGE_MARK = "<image>"
FAULTS_SHOWN = 10


def _tree_path(path: str) -> str:
    parts = path.split("/")
    if "\\" in path or any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"expected a relative path without . or .. segments, got {path!r}")
    return path


TreePath = Annotated[str, AfterValidator(_tree_path)]
Text = Annotated[str, Field(min_length=1)]
GridIndex = Annotated[int, Field(ge=1, le=16)]
# JSON has no tuples: strictness is about the numbers, not about the list around them.
Cell = Annotated[tuple[GridIndex, GridIndex], Field(strict=False)]


class SftRow(Strict):
    id: str
    imageKey: str | None
    images: Annotated[list[TreePath], Field(min_length=1)]
    prompt: Text
    completion: Text


class GrpoRow(Strict):
    id: str
    imageKey: str
    images: Annotated[list[TreePath], Field(min_length=1)]
    prompt: Text
    type: str
    options: dict[str, str]
    solution: str
    golden: str
    cells: list[Cell]


class InferenceRequest(Strict):
    id: str
    images: list[TreePath]
    prompt: Text


class InferenceAnswer(Strict):
    id: str
    text: str
    tokens: Annotated[int, Field(ge=0)]


Row = TypeVar("Row", SftRow, GrpoRow, InferenceRequest, InferenceAnswer)


def read_rows(file: Path, kind: type[Row]) -> list[Row]:
    """All rows of a JSON-lines file. Throws `DatasetCorrupt` with the first faults, each as file:line."""
    if not file.is_file():
        raise DatasetCorrupt(f"{file} does not exist", "make the dataset again")
    rows: list[Row] = []
    faults: list[str] = []
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                rows.append(kind.model_validate_json(line))
            except ValidationError as error:
                first = error.errors()[0]
                field = ".".join(map(str, first["loc"]))
                faults.append(f"{file}:{number}: {field + ': ' if field else ''}{first['msg']}")
    if faults:
        more = f" (and {len(faults) - FAULTS_SHOWN} more lines)" if len(faults) > FAULTS_SHOWN else ""
        raise DatasetCorrupt("; ".join(faults[:FAULTS_SHOWN]) + more, "make the dataset again")
    return rows


def training_rows(job: Training, kind: type[Row]) -> list[Row]:
    """Rows to train on: at least one, and every picture there."""
    file = Path(job.rows) / ROWS
    rows = read_rows(file, kind)
    if not rows:
        raise DatasetCorrupt(f"{file} holds no row", "make the dataset again")
    require_images(rows, Path(job.images))
    return rows


def supervised_rows(job: Training) -> list[SftRow] | list[GrpoRow]:
    """Rows to train on with the loss on the answer: completions as they are, or golden reasonings (all rows of one kind)."""
    first = first_row(Path(job.rows) / ROWS)
    return training_rows(job, GrpoRow) if "golden" in first else training_rows(job, SftRow)


def first_row(file: Path) -> dict[str, object]:
    """What the first line holds; empty where it holds no object or there is none: reading all rows tells what is wrong."""
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            value = json.loads(next((line for line in lines if line.strip()), "null"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def requests(job: InferJob) -> list[InferenceRequest]:
    """What to answer; every picture is there, and has its mark where a prompt has marks."""
    asked = read_rows(Path(job.requests), InferenceRequest)
    for request in asked:
        marks = request.prompt.count(IMAGE_MARK)
        if marks not in (0, len(request.images)):
            raise InvalidSpec(
                f"request {request.id}: {marks} {IMAGE_MARK} marks in the prompt, {len(request.images)} images",
                "give the prompt one mark for each image, or none: the images then come before the text",
            )
    require_images(asked, Path(job.images))
    return asked


def require_images(rows: list[Row], images: Path) -> None:
    """Throws `DatasetCorrupt` where a row names a picture that does not exist."""
    for row in rows:
        if isinstance(row, InferenceAnswer):
            continue
        for path in row.images:
            if not (images / PurePosixPath(path)).is_file():
                raise DatasetCorrupt(
                    f"row {row.id}: image {path} does not exist in {images}", "judo data check PATH"
                )


@lru_cache(maxsize=256)
def open_image(file: Path, size: int) -> Image:
    """An RGB picture of size x size, its aspect ratio not kept (SPEC 4). The last ones are remembered."""
    from PIL import Image as Pillow

    try:
        with Pillow.open(file) as picture:
            return picture.convert("RGB").resize((size, size), Pillow.Resampling.BICUBIC)
    except (OSError, ValueError, SyntaxError) as error:
        raise DatasetCorrupt(f"image {file} cannot be read: {error}", "judo data check PATH") from error
