"""Two processes under torchrun (gloo, CPU) do what one does, agree on stopping, and resume."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import Outcome, Plant
from judo_gpu.models.tiny import write_tiny_model

SOURCE = Path(__file__).parents[1] / "src"
# Several jobs in one launch: starting two interpreters costs more than the jobs.
LAUNCHED = """
import os, sys
from pathlib import Path
from judo_gpu.__main__ import run_file
from judo_gpu.events import Events, take_stdout
events = Events(take_stdout(), rank=int(os.environ["RANK"]))
codes = [run_file(Path(file), events) for file in sys.argv[2:]]
Path(sys.argv[1] + os.environ["RANK"]).write_text(repr([int(code) for code in codes]))
"""


def launch(plant: Plant, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events of all jobs, after both processes ended them with the same codes."""
    script, codes = plant.root / "launched.py", plant.root / "codes-"
    script.write_text(LAUNCHED)
    files = [str(plant.write(job)) for job in jobs]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    ended = subprocess.run(
        [*torchrun, str(script), str(codes), *files], capture_output=True, text=True, env=environment
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert Path(f"{codes}0").read_text() == Path(f"{codes}1").read_text()
    return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.fixture(scope="module")
def launched(plant: Plant) -> tuple[Outcome, list[dict[str, Any]], dict[str, Outcome]]:
    params = {"maxSteps": 5, "learningRate": 1e-3, "batchSize": 4}
    alone = plant.run(plant.job("sft", params))
    two: dict[str, Any] = {"worldSize": 2, "deviceBatch": 2}
    # The first job builds the tiny model, as two processes do that start at once; the others are given it. In a process
    # group that is up already, as here from the second job on, transformers writes a model on the first process only.
    whole = plant.job("sft", params, checkpointEverySteps=4, **two)
    write_tiny_model(plant.root / "built", 3)
    two["policy"] = str(plant.root / "built")
    stopped = plant.job("sft", params, **two)
    Path(stopped["stopFile"]).touch()
    resumed = plant.job("sft", params, resumeFrom=f"{whole['checkpoints']}/4", **two)
    events = launch(plant, [whole, stopped, resumed])
    outcomes = {
        name: Outcome(0, events, Path(job["output"]), Path(job["checkpoints"]))
        for name, job in (("whole", whole), ("stopped", stopped), ("resumed", resumed))
    }
    return alone, events, outcomes


def test_two_processes_learn_what_one_does(
    launched: tuple[Outcome, list[dict[str, Any]], dict[str, Outcome]],
) -> None:
    alone, events, _ = launched
    steps = [event for event in events if event["event"] == "step"][:5]
    for one, two in zip(alone.of("step"), steps, strict=True):
        assert two["step"] == one["step"]
        assert two["metrics"]["loss"] == pytest.approx(one["metrics"]["loss"], rel=1e-3)


def test_both_processes_stop_at_the_same_step_with_one_checkpoint(
    launched: tuple[Outcome, list[dict[str, Any]], dict[str, Outcome]],
) -> None:
    _, events, outcomes = launched
    assert {"event": "stopped", "step": 1} in events
    checkpoint = outcomes["stopped"].checkpoints / "1"
    assert {"manifest.json", "rng_state_0.pth", "rng_state_1.pth"} <= {
        file.name for file in checkpoint.iterdir()
    }
    assert not list(outcomes["stopped"].output.iterdir())


def test_two_processes_resume_to_the_same_bytes(
    launched: tuple[Outcome, list[dict[str, Any]], dict[str, Outcome]],
) -> None:
    _, _, outcomes = launched
    assert outcomes["resumed"].bytes() == outcomes["whole"].bytes()
