"""The ways in which a job can fail, and the exit code of each (contracts/failure.ts, JOB_EXIT of contracts/job.ts)."""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """Exit codes of the GPU worker; sysexits.h numbers where one fits."""

    FINISHED = 0
    INVALID_SPEC = 64
    DATASET_CORRUPT = 65
    INTERNAL = 70
    OUT_OF_GPU_MEMORY = 71
    TRAINING_DIVERGED = 72
    CHECKPOINT_INCOMPATIBLE = 73
    TRANSIENT = 75
    STOPPED = 76


class JobError(Exception):
    """A failure whose kind is known where it is thrown. `type` is a word of contracts/failure.ts."""

    type = "Transient"
    exit = Exit.TRANSIENT

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy


class InvalidSpec(JobError):
    """The job itself cannot be done as written."""

    type = "InvalidSpec"
    exit = Exit.INVALID_SPEC


class DatasetCorrupt(JobError):
    """A row or a picture cannot be read; the message names file and line."""

    type = "DatasetCorrupt"
    exit = Exit.DATASET_CORRUPT


class OutOfGpuMemory(JobError):
    """The same size fails again: never retried."""

    type = "OutOfGpuMemory"
    exit = Exit.OUT_OF_GPU_MEMORY


class TrainingDiverged(JobError):
    """Loss or gradient left the finite numbers."""

    type = "TrainingDiverged"
    exit = Exit.TRAINING_DIVERGED


class CheckpointIncompatible(JobError):
    """The checkpoint is damaged, or was written by another job."""

    type = "CheckpointIncompatible"
    exit = Exit.CHECKPOINT_INCOMPATIBLE


class Transient(JobError):
    """The same call may succeed later."""


class Stopped(Exception):
    """A checkpoint was written because the stop file asked for it."""

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped at step {step}")
        self.step = step
