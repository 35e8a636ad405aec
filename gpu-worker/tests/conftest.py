"""A small plant: pictures, rows and a tiny policy, and a way to run a job inside the test's process."""

from __future__ import annotations

import io
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from judo_gpu.__main__ import run_file
from judo_gpu.events import Events

IMAGE_SIZE = 56
LETTERS = "AB"


@dataclass
class Outcome:
    """How a job ended: exit code and events."""

    code: int
    events: list[dict[str, Any]]
    output: Path
    checkpoints: Path

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    def bytes(self) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in sorted(self.output.iterdir())}


@dataclass
class Plant:
    """Directories of a job, and the jobs that use them."""

    root: Path
    runs: int = field(default=0)

    def job(self, task: str, params: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """A valid job with directories of its own."""
        self.runs += 1
        output, checkpoints = self.root / f"output-{self.runs}", self.root / f"checkpoints-{self.runs}"
        output.mkdir()
        checkpoints.mkdir()
        job: dict[str, Any] = {
            "task": task,
            "schemaVersion": 1,
            "policy": str(self.root / "policy"),
            "images": str(self.root / "images"),
            "output": str(output),
            "stopFile": str(self.root / f"stop-{self.runs}"),
            "seed": 0,
            "device": "cpu",
            "deviceBatch": 4,
            "params": {"imageSize": IMAGE_SIZE, **params},
        }
        if task == "infer":
            return {**job, "requests": str(self.root / "requests.jsonl"), "shardSize": 4, **changes}
        training = {
            "rows": str(self.root / task),
            "checkpoints": str(checkpoints),
            "resumeFrom": None,
            "checkpointEverySteps": 1000,
            "worldSize": 1,
        }
        return {**job, **training, **changes}

    def write(self, job: dict[str, Any]) -> Path:
        file = self.root / f"job-{Path(job['output']).name}.json"
        file.write_text(json.dumps(job))
        return file

    def run(self, job: dict[str, Any]) -> Outcome:
        """Run in this process, through the very function that the command line calls."""
        stream = io.StringIO()
        code = run_file(self.write(job), Events(stream))
        events = [json.loads(line) for line in stream.getvalue().splitlines()]
        return Outcome(code, events, Path(job["output"]), Path(job.get("checkpoints", "")))


def write_lines(file: Path, rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def build_plant(root: Path) -> Plant:
    draw = random.Random(0)
    (root / "images" / "board").mkdir(parents=True)
    names = [f"board/{number}.png" for number in range(8)]
    for name in names:
        picture = Image.new("RGB", (70, 60), tuple(draw.randrange(256) for _ in range(3)))
        ImageDraw.Draw(picture).ellipse((10, 10, 40, 50), fill=(draw.randrange(256), 0, 0))
        picture.save(root / "images" / name)
    (root / "policy").mkdir()
    (root / "policy" / "model-ref.json").write_text(json.dumps({"kind": "tiny", "seed": 3}))

    def pair(number: int) -> list[str]:
        """Query and normal image."""
        return [names[number % 8], names[(number + 1) % 8]]

    def question(number: int) -> str:
        return f"Is there a defect on board {number}? A. Yes. B. No."

    write_lines(
        root / "sft" / "rows.jsonl",
        [
            {
                "id": f"sft-{number}",
                "imageKey": None,
                "images": pair(number),
                "prompt": question(number),
                "completion": f"<seg> None </seg> <think> None. </think> <answer>{LETTERS[number % 2]}</answer>",
            }
            for number in range(12)
        ],
    )
    write_lines(
        root / "grpo" / "rows.jsonl",
        [
            {
                "id": f"grpo-{number}",
                "imageKey": f"key-{number}",
                "images": pair(number),
                "prompt": question(number),
                "type": "Anomaly Detection",
                "options": {"A": "Yes.", "B": "No."} | ({"C": "Maybe."} if number % 2 else {}),
                "solution": "A",
                "golden": "The board has no defect.",
                "cells": [],
            }
            for number in range(6)
        ],
    )
    write_lines(
        root / "requests.jsonl",
        [
            {"id": f"request-{number}", "images": pair(number)[: number % 3], "prompt": question(number)}
            for number in range(10)
        ],
    )
    return Plant(root)


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """Shared by all tests; each job has directories of its own. A test that spoils inputs builds its own plant."""
    return build_plant(tmp_path_factory.mktemp("plant"))


@pytest.fixture
def own_plant(tmp_path: Path) -> Plant:
    """A plant whose inputs may be spoilt."""
    return build_plant(tmp_path / "plant")


@pytest.fixture(scope="session")
def speaking_policy(plant: Plant) -> Path:
    """A tiny policy that has learned the answer's format, so that rewards differ within a group."""
    params = {"maxSteps": 90, "learningRate": 3e-3, "batchSize": 4, "scheduler": "linear"}
    outcome = plant.run(plant.job("sft", params))
    assert outcome.code == 0, outcome.events[-1]
    return outcome.output
