"""Checkpoints: a directory `<step>/` that counts once its `manifest.json` lies in it, written last.

Departures: none; the paper is silent on checkpoints.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from judo_gpu.failures import CheckpointIncompatible
from judo_gpu.job import GrpoJob, SftJob, Strict, is_sharded
from judo_gpu.rows import ROWS

MANIFEST = "manifest.json"
REMEDY = "start the stage without this checkpoint"


class CheckpointFile(Strict):
    path: str
    sha256: str
    bytes: Annotated[int, Field(ge=0)]


class Identity(Strict):
    """What must be equal for a job to go on from a checkpoint. The split of a step's batch may differ."""

    task: Literal["sft", "grpo"]
    seed: int
    params: str
    rows: str


class Manifest(Strict):
    schemaVersion: Literal[1]
    step: Annotated[int, Field(ge=0)]
    identity: Identity
    files: list[CheckpointFile]


def identity_of(job: SftJob | GrpoJob) -> Identity:
    """The job as far as it decides what is learned."""
    params = json.dumps(job.params.model_dump(mode="json"), sort_keys=True)
    rows = sha256_of(Path(job.rows) / ROWS)
    return Identity(
        task=job.task, seed=job.seed, params=hashlib.sha256(params.encode()).hexdigest(), rows=rows
    )


def commit_checkpoint(written: Path, checkpoints: Path, step: int, identity: Identity) -> Path:
    """Move a written directory (same file system) to `<checkpoints>/<step>` and commit it.

    A kill at any moment leaves it committed and whole, or uncommitted.
    """
    files = []
    for file in sorted(path for path in written.rglob("*") if path.is_file()):
        _flush(file)
        files.append(
            CheckpointFile(
                path=file.relative_to(written).as_posix(), sha256=sha256_of(file), bytes=file.stat().st_size
            )
        )
    directory = checkpoints / str(step)
    if directory.exists():
        shutil.rmtree(directory)
    written.rename(directory)
    _flush(checkpoints)
    manifest = Manifest(schemaVersion=1, step=step, identity=identity, files=files)
    partial = directory / f".{MANIFEST}"
    partial.write_text(manifest.model_dump_json(indent=1) + "\n")
    _flush(partial)
    partial.rename(directory / MANIFEST)
    _flush(directory)
    return directory


def require_resumable(job: SftJob | GrpoJob) -> None:
    """Throws `CheckpointIncompatible` where the job's checkpoint is damaged or not its own. Needs no torch."""
    if job.resumeFrom is None:
        return
    directory = Path(job.resumeFrom)
    verify_checkpoint(directory, identity_of(job))
    states = len(list(directory.glob("rng_state*.pth")))
    if is_sharded(job) and states != job.worldSize:
        message = f"checkpoint {directory} was written by {states} processes, expected {job.worldSize}"
        raise CheckpointIncompatible(message, f"give the job {states} GPUs, or {REMEDY}")


def verify_checkpoint(directory: Path, identity: Identity) -> int:
    """The step of a committed checkpoint of this very job, every file checked; otherwise `CheckpointIncompatible`."""
    file = directory / MANIFEST
    try:
        manifest = Manifest.model_validate_json(file.read_bytes())
    except OSError as error:
        raise CheckpointIncompatible(
            f"checkpoint {directory} was never committed: no {MANIFEST}", REMEDY
        ) from error
    except ValidationError as error:
        fault = error.errors()[0]
        raise CheckpointIncompatible(
            f"{file} is no manifest: {fault['loc']}: {fault['msg']}", REMEDY
        ) from error
    for field in Identity.model_fields:
        expected, got = getattr(identity, field), getattr(manifest.identity, field)
        if expected != got:
            message = (
                f"checkpoint {directory} belongs to another job: its {field} is {got}, expected {expected}"
            )
            raise CheckpointIncompatible(message, REMEDY)
    for entry in manifest.files:
        _verify_file(directory / entry.path, entry)
    return manifest.step


def _verify_file(file: Path, entry: CheckpointFile) -> None:
    if not file.is_file():
        raise CheckpointIncompatible(f"checkpoint file {file} is missing", REMEDY)
    size = file.stat().st_size
    if size != entry.bytes:
        raise CheckpointIncompatible(
            f"checkpoint file {file}: expected {entry.bytes} bytes, got {size}", REMEDY
        )
    digest = sha256_of(file)
    if digest != entry.sha256:
        raise CheckpointIncompatible(
            f"checkpoint file {file}: expected sha256 {entry.sha256}, got {digest}", REMEDY
        )


def sha256_of(file: Path) -> str:
    """Lower-case hex sha256 of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
