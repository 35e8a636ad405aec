"""Kill, stop and resume: a resumed run ends in the very bytes of an uninterrupted one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conftest import Outcome, Plant
from judo_gpu.failures import Exit
from judo_gpu.train.checkpoints import MANIFEST

SOURCE = Path(__file__).parents[1] / "src"
# 12 rows of 4, or 6 prompts of 2, are three steps an epoch: steps 4 and 5 lie in the middle of the second epoch.
STEPS = 5
KILLED_AFTER = 4


@pytest.fixture(scope="module", params=["sft", "grpo"])
def task(request: pytest.FixtureRequest) -> str:
    assert isinstance(request.param, str)
    return request.param


@pytest.fixture(scope="module")
def uninterrupted(plant: Plant, task: str, speaking_policy: Path) -> Outcome:
    outcome = plant.run(training(plant, task, speaking_policy, checkpointEverySteps=1))
    assert outcome.code == Exit.FINISHED, outcome.events[-1]
    return outcome


def training(plant: Plant, task: str, policy: Path, **changes: Any) -> dict[str, Any]:
    params: dict[str, Any] = {"maxSteps": STEPS, "learningRate": 1e-3}
    if task == "sft":
        params |= {"batchSize": 4}
    else:
        sampling = {"maxNewTokens": 32, "temperature": 1.0, "topP": 1.0}
        params |= {"generations": 4, "promptsPerStep": 2, "beta": 0.1, **sampling}
    return plant.job(task, params, policy=str(policy), **changes)


def metrics(outcome: Outcome) -> dict[int, dict[str, float]]:
    return {event["step"]: event["metrics"] for event in outcome.of("step")}


def resumed(plant: Plant, task: str, policy: Path, checkpoint: Path) -> Outcome:
    outcome = plant.run(training(plant, task, policy, resumeFrom=str(checkpoint), checkpointEverySteps=1))
    assert outcome.code == Exit.FINISHED, outcome.events[-1]
    return outcome


def test_training_learns_something_to_lose(uninterrupted: Outcome, speaking_policy: Path) -> None:
    assert uninterrupted.bytes()["model.safetensors"] != (speaking_policy / "model.safetensors").read_bytes()
    assert any(step["grad_norm"] > 0 for step in list(metrics(uninterrupted).values())[KILLED_AFTER:])


def test_a_killed_process_resumes_to_the_same_bytes(
    plant: Plant, task: str, speaking_policy: Path, uninterrupted: Outcome
) -> None:
    job = training(plant, task, speaking_policy, checkpointEverySteps=KILLED_AFTER)
    kill_after_checkpoint(plant.write(job), KILLED_AFTER)
    checkpoint = Path(job["checkpoints"]) / str(KILLED_AFTER)
    outcome = resumed(plant, task, speaking_policy, checkpoint)
    assert outcome.of("started")[0]["resumedAtStep"] == KILLED_AFTER
    assert list(metrics(outcome)) == [5]
    for step, values in metrics(outcome).items():
        assert values == metrics(uninterrupted)[step]
    assert outcome.bytes() == uninterrupted.bytes()


def kill_after_checkpoint(job_file: Path, step: int) -> None:
    """Start the job as the host does, and kill -9 it the moment the checkpoint is committed."""
    command = [sys.executable, "-m", "judo_gpu", "run", str(job_file)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        for line in child.stdout:
            event = json.loads(line)
            if event["event"] == "checkpoint" and event["step"] == step:
                child.kill()
                return
        pytest.fail(f"the job ended before checkpoint {step}: {child.stderr.read()[-2000:]}")


def test_the_stop_file_writes_a_checkpoint_and_ends_with_76(
    plant: Plant, task: str, speaking_policy: Path, uninterrupted: Outcome
) -> None:
    job = training(plant, task, speaking_policy)
    Path(job["stopFile"]).touch()
    outcome = plant.run(job)
    assert outcome.code == Exit.STOPPED
    assert [event["event"] for event in outcome.events[-2:]] == ["checkpoint", "stopped"]
    assert outcome.events[-1]["step"] == 1
    assert not list(outcome.output.iterdir())
    assert [path.name for path in outcome.checkpoints.iterdir()] == ["1"]
    assert resumed(plant, task, speaking_policy, outcome.checkpoints / "1").bytes() == uninterrupted.bytes()


def test_sigterm_is_a_wish_to_stop(plant: Plant, speaking_policy: Path) -> None:
    from judo_gpu.train.progress import Progress

    begin = Progress.on_step_begin

    def terminate(self: Progress, *arguments: Any, **rest: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        begin(self, *arguments, **rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Progress, "on_step_begin", terminate)
        outcome = plant.run(training(plant, "sft", speaking_policy))
    assert outcome.code == Exit.STOPPED


def test_the_last_checkpoint_ends_in_the_same_policy_without_a_step(
    plant: Plant, task: str, speaking_policy: Path, uninterrupted: Outcome
) -> None:
    outcome = resumed(plant, task, speaking_policy, uninterrupted.checkpoints / str(STEPS))
    assert metrics(outcome) == {}
    assert outcome.bytes() == uninterrupted.bytes()


@contextmanager
def without(owner: str, method: str) -> Iterator[None]:
    """The library as it is, without one of our fixes."""
    from judo_gpu.train import fixes

    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(getattr(fixes, owner), method)
        yield


def test_without_fix_1_a_resumed_run_starts_from_other_weights(
    plant: Plant, task: str, speaking_policy: Path, uninterrupted: Outcome
) -> None:
    checkpoint = uninterrupted.checkpoints / str(KILLED_AFTER)
    with without("RestoresWeights", "_load_from_checkpoint"):
        outcome = resumed(plant, task, speaking_policy, checkpoint)
    assert outcome.bytes() != uninterrupted.bytes()


def test_without_fix_2_a_resumed_grpo_run_sees_the_first_epoch_again(
    plant: Plant, speaking_policy: Path
) -> None:
    def prompts(checkpoint: Path | None) -> tuple[Outcome, list[list[str]]]:
        from judo_gpu.train.grpo import Trainer

        seen: list[list[str]] = []
        generate = Trainer._generate_and_score_completions

        def look(self: Any, inputs: list[dict[str, Any]]) -> Any:
            seen.append([row["prompt"][0]["content"] for row in inputs])
            return generate(self, inputs)

        resume = None if checkpoint is None else str(checkpoint)
        job = training(plant, "grpo", speaking_policy, resumeFrom=resume, checkpointEverySteps=KILLED_AFTER)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Trainer, "_generate_and_score_completions", look)
            return plant.run(job), seen

    with without("ReseedsSampler", "_get_train_sampler"), without("ReseedsSampler", "_run_epoch"):
        whole, expected = prompts(None)
        _, seen = prompts(whole.checkpoints / str(KILLED_AFTER))
    assert seen != expected[KILLED_AFTER:]
    whole, expected = prompts(None)
    _, seen = prompts(whole.checkpoints / str(KILLED_AFTER))
    assert seen == expected[KILLED_AFTER:]
    assert expected[:2] != expected[3:], "each epoch has an order of its own"


def test_without_fix_3_a_checkpoint_between_generations_loses_completions(
    plant: Plant, speaking_policy: Path
) -> None:
    from judo_gpu.train import grpo

    def longer(accumulation: int) -> dict[str, int]:
        return {"steps_per_generation": 2 * accumulation, "num_iterations": 1}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grpo, "generation_boundary", longer)
        whole = plant.run(training(plant, "grpo", speaking_policy, checkpointEverySteps=3))
        after = resumed(plant, "grpo", speaking_policy, whole.checkpoints / "3")
    assert after.bytes() != whole.bytes()


def test_without_fix_4_a_run_resumed_at_its_end_goes_one_step_too_far(
    plant: Plant, task: str, speaking_policy: Path, uninterrupted: Outcome
) -> None:
    with without("EndsAtTheEnd", "_run_epoch"):
        outcome = resumed(plant, task, speaking_policy, uninterrupted.checkpoints / str(STEPS))
    assert list(metrics(outcome)) == [STEPS + 1]


def test_every_step_generates_anew_whatever_the_split(plant: Plant, speaking_policy: Path) -> None:
    from judo_gpu.job import JOB
    from judo_gpu.models.processor import load_processor
    from judo_gpu.train.grpo import grpo_arguments

    processor = load_processor(speaking_policy)
    for device_batch in (1, 2, 4, 8, 64):
        job = JOB.validate_python(training(plant, "grpo", speaking_policy, deviceBatch=device_batch))
        arguments = grpo_arguments(job, processor)  # type: ignore[arg-type]
        assert arguments.steps_per_generation == arguments.gradient_accumulation_steps
        assert arguments.generation_batch_size == 8


def spoilt(uninterrupted: Outcome, plant: Plant, name: str) -> Path:
    copy = plant.root / f"spoilt-{name}-{plant.runs}"
    shutil.copytree(uninterrupted.checkpoints / "1", copy)
    return copy


def refusal(plant: Plant, task: str, policy: Path, checkpoint: Path, **params: Any) -> str:
    job = training(plant, task, policy, resumeFrom=str(checkpoint))
    outcome = plant.run({**job, "params": {**job["params"], **params}})
    assert outcome.code == Exit.CHECKPOINT_INCOMPATIBLE
    assert outcome.of("phase") == [], "refused before anything is loaded"
    message = outcome.of("failed")[0]["failure"]["message"]
    assert isinstance(message, str)
    return message


def test_a_damaged_checkpoint_ends_with_73(
    plant: Plant, task: str, speaking_policy: Path, uninterrupted: Outcome
) -> None:
    flipped = spoilt(uninterrupted, plant, "flipped")
    content = bytearray((flipped / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (flipped / "model.safetensors").write_bytes(content)
    assert "model.safetensors: expected sha256" in refusal(plant, task, speaking_policy, flipped)

    missing = spoilt(uninterrupted, plant, "missing")
    (missing / "optimizer.pt").unlink()
    assert "optimizer.pt is missing" in refusal(plant, task, speaking_policy, missing)

    uncommitted = spoilt(uninterrupted, plant, "uncommitted")
    (uncommitted / MANIFEST).unlink()
    assert "was never committed" in refusal(plant, task, speaking_policy, uncommitted)

    garbage = spoilt(uninterrupted, plant, "garbage")
    (garbage / MANIFEST).write_text("{}")
    assert "is no manifest" in refusal(plant, task, speaking_policy, garbage)


def test_a_checkpoint_of_another_job_ends_with_73(
    plant: Plant, task: str, speaking_policy: Path, uninterrupted: Outcome
) -> None:
    checkpoint = uninterrupted.checkpoints / "1"
    message = refusal(plant, task, speaking_policy, checkpoint, learningRate=2e-3)
    assert "belongs to another job: its params" in message
