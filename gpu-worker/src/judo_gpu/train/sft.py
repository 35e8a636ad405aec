"""Supervised fine-tuning: JUDO Stage 1 (SegJux) and Stage 2 (DomInj), section 3 of the paper.

Stage 1 learns `<seg> cells </seg> <think> comparison </think>` from a query and a normal image, 8 epochs at 1e-6;
Stage 2 learns domain questions and answers, 2 epochs at 5e-7. The loss is on the answer only.

Departures:
- Batch size and schedule: the paper is silent; 16 rows a step and a cosine without warm-up, as parameters.
- The vision tower is trained too: the paper does not say that it was frozen.
- Rows of golden reasoning are taken too, written out in the answer's format: JUDO has no such stage, its base model
  follows an instruction. The tiny model follows none and is shown the format (as IAD-R1's first stage does its own).
- One GPU: fp32 weights with bf16 arithmetic; several: bf16 under ZeRO-3, as the paper.

Launch: python -m judo_gpu run job.json   (several GPUs: torchrun --nproc-per-node=4 -m judo_gpu run job.json)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from judo_gpu.events import Events
from judo_gpu.job import SftJob
from judo_gpu.models.load import load_policy, policy_directory
from judo_gpu.rewards.segmentation import cells_text
from judo_gpu.rows import GrpoRow, SftRow, supervised_rows
from judo_gpu.train.fixes import Fixes
from judo_gpu.train.stage import (
    as_dataset,
    common_arguments,
    log_arguments,
    own_policy_directory,
    run_training,
    weights_dtype,
)


class Trainer(Fixes, SFTTrainer):  # type: ignore[misc]
    """TRL's trainer with the named fixes."""


def train_sft(job: SftJob, events: Events) -> None:
    """Fine-tune the policy on the rows and write it to `job.output`."""
    rows = supervised_rows(job)
    events.phase("loading the policy")
    model, processor = load_policy(
        policy_directory(Path(job.policy), own_policy_directory(job), events), weights_dtype(job)
    )
    trainer = Trainer(
        model=model,
        args=sft_arguments(job),
        train_dataset=as_dataset(rows, Path(job.images), job.params.imageSize, conversation),
        processing_class=processor,
    )
    log_arguments(trainer.args)
    run_training(trainer, job, processor, events)


def conversation(row: SftRow | GrpoRow) -> Mapping[str, Any]:
    """The pictures go before the text of the user's turn, query image first (SPEC 4)."""
    return {
        "prompt": [{"role": "user", "content": row.prompt}],
        "completion": [{"role": "assistant", "content": completion_of(row)}],
    }


def completion_of(row: SftRow | GrpoRow) -> str:
    """The answer to learn; a golden reasoning becomes the answer that GRPO asks for (SPEC 4)."""
    if isinstance(row, SftRow):
        return row.completion
    return f"<seg> {cells_text(row.cells)} </seg>\n<think> {row.golden.strip()} </think>\n<answer>{row.solution}</answer>"


def sft_arguments(job: SftJob) -> SFTConfig:
    """TRL's options; nothing that matters is left to a default that may change."""
    params = job.params
    return SFTConfig(
        **common_arguments(job),
        warmup_steps=params.warmupRatio,
        weight_decay=params.weightDecay,
        lr_scheduler_type=params.scheduler,
        # A cut row would lose image tokens and end in a mismatch: rows are filtered when they are made.
        max_length=None,
        packing=False,
        padding_free=False,
        completion_only_loss=True,
        assistant_only_loss=False,
        loss_type="nll",
        shuffle_dataset=False,
        use_liger_kernel=False,
    )
