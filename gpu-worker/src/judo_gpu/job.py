"""The job file (contracts/job.ts) and the check that it can be started. Imports no torch: a bad job ends within a second."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, TypeAdapter, ValidationError

from judo_gpu.failures import InvalidSpec

Share = Annotated[float, Field(ge=0, le=1)]
PositiveFloat = Annotated[float, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]
NonNegativeInt = Annotated[int, Field(ge=0)]
Scheduler = Literal["linear", "cosine", "constant"]


class Strict(BaseModel):
    """Refuses unknown keys and values of another type; names as in the contract."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class SftParams(Strict):
    """Supervised fine-tuning with the loss on the answer only. Defaults are JUDO Stage 1's."""

    seed: NonNegativeInt = 0
    salt: str = ""
    imageSize: PositiveInt = 512
    epochs: PositiveFloat = 8
    learningRate: PositiveFloat = 1e-6
    batchSize: PositiveInt = 16
    maxSteps: PositiveInt | None = None
    warmupRatio: Share = 0
    weightDecay: NonNegativeFloat = 0
    scheduler: Scheduler = "cosine"
    maxGradNorm: PositiveFloat = 1


class RewardWeights(Strict):
    """Weight of each reward in the sum; 0 leaves it out."""

    choice: NonNegativeFloat = 1
    format: NonNegativeFloat = 1
    structure: NonNegativeFloat = 1
    segmentation: NonNegativeFloat = 1
    domain: NonNegativeFloat = 1


class GrpoParams(Strict):
    """GRPO with JUDO's rewards. Defaults are JUDO Stage 3's (SPEC 4)."""

    seed: NonNegativeInt = 0
    salt: str = ""
    imageSize: PositiveInt = 512
    epochs: PositiveFloat = 14
    learningRate: PositiveFloat = 7e-7
    generations: Annotated[int, Field(ge=2)] = 16
    promptsPerStep: PositiveInt = 8
    beta: NonNegativeFloat = 0.04
    epsilon: PositiveFloat = 0.2
    temperature: PositiveFloat = 0.8
    topP: Annotated[float, Field(gt=0, le=1)] = 0.95
    maxNewTokens: PositiveInt = 256
    maxSteps: PositiveInt | None = None
    scheduler: Scheduler = "linear"
    maxGradNorm: PositiveFloat = 1
    rewardProfile: Literal["judo_code", "judo_paper", "strict", "anomalyr1_code", "iad_r1_code"] = "judo_code"
    rewardWeights: RewardWeights = RewardWeights()


class InferenceParams(Strict):
    """Decoding is greedy."""

    imageSize: PositiveInt = 512
    maxNewTokens: PositiveInt = 1024


class Paths(Strict):
    """What every job has. `stopFile`: its existence asks for a checkpoint and an orderly end."""

    schemaVersion: Literal[1]
    policy: str
    images: str
    output: str
    stopFile: str
    seed: NonNegativeInt
    device: Literal["cuda", "cpu"]


class Training(Paths):
    """`worldSize` and `deviceBatch` split a step's batch and never change what is learned."""

    rows: str
    checkpoints: str
    resumeFrom: str | None
    checkpointEverySteps: PositiveInt
    worldSize: PositiveInt
    deviceBatch: PositiveInt


class SftJob(Training):
    task: Literal["sft"]
    params: SftParams


class GrpoJob(Training):
    task: Literal["grpo"]
    params: GrpoParams


class InferJob(Paths):
    task: Literal["infer"]
    requests: str
    deviceBatch: PositiveInt
    shardSize: PositiveInt
    params: InferenceParams


TrainingJob = SftJob | GrpoJob
AnyJob = SftJob | GrpoJob | InferJob
JOB: TypeAdapter[AnyJob] = TypeAdapter(Annotated[AnyJob, Field(discriminator="task")])


def read_job(file: Path) -> AnyJob:
    """The job of a file, startable as far as can be told without torch; otherwise `InvalidSpec`, all faults named."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise InvalidSpec(f"cannot read the job file {file}: {error.strerror}") from error
    try:
        job = JOB.validate_json(text)
    except ValidationError as error:
        faults = "; ".join(_fault(dict(fault)) for fault in error.errors())
        raise InvalidSpec(
            f"{file} is no valid job: {faults}", "see contracts/job.ts for the fields"
        ) from error
    _require_paths(job)
    if isinstance(job, Training):
        _require_split(job)
    return job


def _fault(fault: dict[str, object]) -> str:
    location = fault["loc"]
    assert isinstance(location, tuple)
    # pydantic puts the union's branch first; a person looks for the field.
    path = ".".join(str(part) for part in location if part not in ("sft", "grpo", "infer")) or "the document"
    got = fault["input"]
    shown = "" if isinstance(got, dict | list) else f", got {got!r}"
    return f"{path}: {fault['msg']}{shown}"


def _require_paths(job: AnyJob) -> None:
    directories = {"policy": job.policy, "images": job.images, "output": job.output}
    if isinstance(job, Training):
        directories |= {"rows": job.rows, "checkpoints": job.checkpoints}
        if job.resumeFrom is not None:
            directories["resumeFrom"] = job.resumeFrom
    for field, directory in directories.items():
        if not Path(directory).is_dir():
            raise InvalidSpec(f"{field}: {directory} is no directory")
    if isinstance(job, InferJob) and not Path(job.requests).is_file():
        raise InvalidSpec(f"requests: {job.requests} is no file")


def _require_split(job: Training) -> None:
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes != job.worldSize:
        remedy = f"start it with: torchrun --nproc-per-node={job.worldSize} -m judo_gpu run JOB"
        raise InvalidSpec(
            f"worldSize: the job is for {job.worldSize} processes, {processes} were started", remedy
        )
    rows = rows_per_step(job)
    if rows % job.worldSize != 0:
        raise InvalidSpec(f"worldSize: {rows} rows a step cannot be split over {job.worldSize} processes")


def rows_per_step(job: Training) -> int:
    """Rows (SFT) or completions (GRPO) of one optimizer step, over all processes."""
    if isinstance(job, SftJob):
        return job.params.batchSize
    assert isinstance(job, GrpoJob)
    return job.params.promptsPerStep * job.params.generations


def is_sharded(job: Training) -> bool:
    """Several GPUs share weights and optimizer state (ZeRO-3); several CPU processes each hold all of it."""
    return job.worldSize > 1 and job.device == "cuda"


def device_split(job: Training) -> tuple[int, int]:
    """(rows at once, accumulation steps) of a process: the largest batch within `deviceBatch` that divides the step exactly."""
    per_process = rows_per_step(job) // job.worldSize
    at_once = max(size for size in range(1, min(job.deviceBatch, per_process) + 1) if per_process % size == 0)
    return at_once, per_process // at_once
