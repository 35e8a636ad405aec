"""What a training run says, and what can end it early: the stop file, SIGTERM, numbers that are no longer finite."""

from __future__ import annotations

import math
import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from judo_gpu.events import Events
from judo_gpu.failures import TrainingDiverged

OOM_HOOK = "JUDO_SIMULATE_OOM_AT_STEP"
STEP_METRICS = {
    "loss": "loss",
    "learning_rate": "lr",
    "grad_norm": "grad_norm",
    "entropy": "entropy",
    "mean_token_accuracy": "token_accuracy",
    "reward": "reward",
    "reward_std": "reward_std",
    "frac_reward_zero_std": "reward_zero_std_share",
    "kl": "kl",
    "completions/mean_length": "completion_length",
    "completions/clipped_ratio": "completion_clipped_share",
}


def step_metrics(logs: Mapping[str, Any]) -> dict[str, float]:
    """The library's log entries under our names; `rewards/<part>` is the mean of one reward."""
    metrics = {ours: float(logs[theirs]) for theirs, ours in STEP_METRICS.items() if theirs in logs}
    for name, value in logs.items():
        if match := re.fullmatch(r"rewards/(\w+)/mean", name):
            metrics[f"rewards/{match[1]}"] = float(value)
    return metrics


class Progress(TrainerCallback):
    """Emits `started` and `step`; asks for a last checkpoint when the stop file lies there or SIGTERM came."""

    def __init__(self, events: Events, stop_file: Path, environment: Mapping[str, str]) -> None:
        self.stopped = False
        self.last: dict[str, float] = {}
        self._events = events
        self._stop_file = stop_file
        self._environment = environment
        self._sigterm = False
        signal.signal(signal.SIGTERM, self._on_sigterm)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._events.started(state.max_steps, state.global_step, self._environment)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if os.environ.get(OOM_HOOK) == str(state.global_step + 1):
            raise torch.OutOfMemoryError(f"simulated by {OOM_HOOK}={state.global_step + 1}")

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        # At the last step there is nothing to go on with: the job finishes instead.
        if state.global_step < state.max_steps and self._stop_is_asked():
            self.stopped = True
            control.should_save = True
            control.should_training_stop = True

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **said: Any
    ) -> None:
        logs: Mapping[str, Any] = said["logs"]
        if "loss" not in logs:
            return
        metrics = step_metrics(logs)
        for name in ("loss", "grad_norm"):
            if not math.isfinite(metrics.get(name, 0.0)):
                message = f"training diverged at step {state.global_step}: {name} is {metrics[name]}"
                raise TrainingDiverged(
                    message, "lower learningRate or maxGradNorm; the last checkpoint is before it"
                )
        self.last = metrics
        self._events.step(state.global_step, state.max_steps, metrics)

    def _stop_is_asked(self) -> bool:
        """All ranks give the same answer: a checkpoint is written by all or by none."""
        asked = self._sigterm or self._stop_file.exists()
        if not torch.distributed.is_initialized():
            return asked
        device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
        votes = torch.tensor(int(asked), device=device)
        torch.distributed.all_reduce(votes, op=torch.distributed.ReduceOp.MAX)
        return bool(votes.item())

    def _on_sigterm(self, *_: Any) -> None:
        self._sigterm = True
