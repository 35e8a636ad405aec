from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import Plant
from judo_gpu.failures import Exit, InvalidSpec
from judo_gpu.job import JOB, device_split, read_job

SOURCE = Path(__file__).parents[1] / "src"


def sft(plant: Plant, **changes: Any) -> dict[str, Any]:
    return {**plant.job("sft", {}), **changes}


def refusal(plant: Plant, job: dict[str, Any]) -> str:
    with pytest.raises(InvalidSpec) as refused:
        read_job(plant.write(job))
    return str(refused.value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": "0"}, "seed"),
        ({"device": "tpu"}, "device"),
        ({"deviceBatch": 0}, "deviceBatch"),
        ({"schemaVersion": 2}, "schemaVersion"),
        ({"params": {"learningRat": 1e-3}}, "params.learningRat"),
        ({"params": {"learningRate": 0}}, "params.learningRate"),
        ({"params": {"scheduler": "poly"}}, "params.scheduler"),
        ({"policy": "/nowhere"}, "policy"),
        ({"resumeFrom": "/nowhere"}, "resumeFrom"),
        ({"worldSize": 2}, "worldSize"),
        ({"task": "ppo"}, "task"),
    ],
)
def test_a_bad_job_is_refused_with_the_field_named(plant: Plant, change: dict[str, Any], named: str) -> None:
    assert named in refusal(plant, sft(plant, **change))


def test_a_missing_field_and_an_unknown_one_are_named_together(plant: Plant) -> None:
    job = sft(plant, colour="red")
    del job["rows"]
    message = refusal(plant, job)
    assert "rows: Field required" in message
    assert "colour" in message


def test_a_job_file_that_is_no_json_is_refused(plant: Plant) -> None:
    file = plant.root / "garbage.json"
    file.write_text("{")
    with pytest.raises(InvalidSpec, match=r"garbage\.json is no valid job"):
        read_job(file)


def test_a_bad_job_ends_with_64_before_torch_is_imported(plant: Plant) -> None:
    file = plant.write(sft(plant, deviceBatch=-1))
    program = (
        "import sys; from judo_gpu.__main__ import main; "
        f"code = main(['run', {str(file)!r}]); assert 'torch' not in sys.modules; sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={"PYTHONPATH": str(SOURCE)}
    )
    assert ended.returncode == Exit.INVALID_SPEC, ended.stderr
    (event,) = [json.loads(line) for line in ended.stdout.splitlines()]
    assert event["event"] == "failed"
    assert event["failure"]["type"] == "InvalidSpec"
    assert "deviceBatch" in event["failure"]["message"]


@pytest.mark.parametrize(
    ("device_batch", "world_size", "expected"),
    [(16, 1, (16, 1)), (6, 1, (4, 4)), (1, 2, (1, 8)), (64, 4, (4, 1))],
)
def test_the_split_of_a_step_over_devices_keeps_its_size(
    plant: Plant, device_batch: int, world_size: int, expected: tuple[int, int]
) -> None:
    job = JOB.validate_python(
        sft(plant, deviceBatch=device_batch, worldSize=world_size, params={"batchSize": 16})
    )
    at_once, accumulation = device_split(job)  # type: ignore[arg-type]
    assert (at_once, accumulation) == expected
    assert at_once * accumulation * world_size == 16


def test_a_step_that_no_split_gives_is_refused(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    job = sft(plant, worldSize=3, params={"batchSize": 16})
    assert "16 rows a step cannot be split over 3 processes" in refusal(plant, job)
