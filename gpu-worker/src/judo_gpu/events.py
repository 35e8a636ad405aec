"""The job's events (contracts/job.ts, `JobEvent`): one JSON object a line on the stdout the process was started with."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from judo_gpu.failures import JobError


def take_stdout() -> IO[str]:
    """Keep the process's stdout for events alone: what libraries print to fd 1 goes to stderr from here on."""
    sys.stdout.flush()
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return events


class Events:
    """Writes events; under torchrun only rank 0 has anything to say."""

    def __init__(self, stream: IO[str], rank: int = 0) -> None:
        self._stream = stream
        self._speaks = rank == 0

    def phase(self, phase: str) -> None:
        """Something long and silent begins. Counts as life."""
        self._emit({"event": "phase", "phase": phase})

    def started(self, total_steps: int, resumed_at_step: int, environment: Mapping[str, str]) -> None:
        self._emit(
            {
                "event": "started",
                "totalSteps": total_steps,
                "resumedAtStep": resumed_at_step,
                "environment": dict(environment),
            }
        )

    def step(self, step: int, total_steps: int, metrics: Mapping[str, float]) -> None:
        self._emit({"event": "step", "step": step, "totalSteps": total_steps, "metrics": finite(metrics)})

    def checkpoint(self, step: int, directory: Path) -> None:
        """The checkpoint is committed: its manifest lies on the disk."""
        self._emit({"event": "checkpoint", "step": step, "directory": str(directory.resolve())})

    def answers(self, file: Path, done: int, total: int) -> None:
        """The file of answers is whole."""
        self._emit({"event": "answers", "file": str(file.resolve()), "done": done, "total": total})

    def finished(self, step: int, metrics: Mapping[str, float]) -> None:
        self._emit({"event": "finished", "step": step, "metrics": finite(metrics)})

    def stopped(self, step: int) -> None:
        self._emit({"event": "stopped", "step": step})

    def failed(self, error: JobError) -> None:
        failure = {"type": error.type, "message": str(error)}
        if error.remedy is not None:
            failure["remedy"] = error.remedy
        self._emit({"event": "failed", "failure": failure})

    def _emit(self, event: Mapping[str, object]) -> None:
        if self._speaks:
            self._stream.write(json.dumps(event, allow_nan=False) + "\n")
            self._stream.flush()


def finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics that JSON can say."""
    return {name: float(value) for name, value in metrics.items() if math.isfinite(value)}
