"""GRPO with JUDO's rewards: JUDO Stage 3, section 3.3 of the paper and the published configuration.

16 completions a prompt, 8 prompts a step, 14 epochs, lr 7e-7, beta 0.04, epsilon 0.2, temperature 0.8, top_p 0.95, 256
new tokens, one iteration. Advantage: (r - mean) / (std + 1e-4) in the group, std unbiased.

Departures:
- The KL term is the published program's (k3, without the importance correction that TRL now adds by default).
- Tokens of the vision part are never sampled: the model's forward pass would die on an image token without an image.
- `batch size 8` is read as 8 prompts a step over all GPUs (SPEC 8).
- One GPU: fp32 weights with bf16 arithmetic; several: bf16 under ZeRO-3, as the paper.

Launch: python -m judo_gpu run job.json   (several GPUs: torchrun --nproc-per-node=4 -m judo_gpu run job.json)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trl.trainer.grpo_config import GRPOConfig
from trl.trainer.grpo_trainer import GRPOTrainer

from judo_gpu.events import Events
from judo_gpu.job import GrpoJob
from judo_gpu.models.load import load_policy, policy_directory
from judo_gpu.models.processor import ImageTextProcessor, vision_token_ids
from judo_gpu.rewards.minilm import DomainEncoder, MiniLmEncoder
from judo_gpu.rewards.trl import build_reward_functions
from judo_gpu.rows import GrpoRow, training_rows
from judo_gpu.train.fixes import Fixes
from judo_gpu.train.stage import (
    as_dataset,
    common_arguments,
    log_arguments,
    own_policy_directory,
    run_training,
    weights_dtype,
)


class Trainer(Fixes, GRPOTrainer):  # type: ignore[misc]
    """TRL's trainer with the named fixes."""


def train_grpo(job: GrpoJob, events: Events) -> None:
    """Optimize the policy on the rows' rewards and write it to `job.output`."""
    rows = training_rows(job, GrpoRow)
    events.phase("loading the policy")
    model, processor = load_policy(
        policy_directory(Path(job.policy), own_policy_directory(job), events), weights_dtype(job)
    )
    weights = job.params.rewardWeights.model_dump()
    rewards: list[Any] = list(build_reward_functions(job.params.rewardProfile, weights, domain_encoder(job)))
    trainer = Trainer(
        model=model,
        reward_funcs=rewards,
        args=grpo_arguments(job, processor),
        train_dataset=as_dataset(rows, Path(job.images), job.params.imageSize, prompt_and_truth),
        processing_class=processor,
    )
    log_arguments(trainer.args)
    run_training(trainer, job, processor, events)


def prompt_and_truth(row: GrpoRow) -> Mapping[str, Any]:
    """The prompt, and the columns that reach the rewards."""
    return {
        "prompt": [{"role": "user", "content": row.prompt}],
        "solution": row.solution,
        "golden": row.golden,
        "cells": row.cells,
        "options": row.options,
    }


def grpo_arguments(job: GrpoJob, processor: ImageTextProcessor) -> GRPOConfig:
    """TRL's options; nothing that the paper fixes is left to a default that may change."""
    params = job.params
    common = common_arguments(job)
    return GRPOConfig(
        **common,
        **generation_boundary(common["gradient_accumulation_steps"]),
        warmup_steps=0,
        weight_decay=0.0,
        lr_scheduler_type=params.scheduler,
        num_generations=params.generations,
        max_completion_length=params.maxNewTokens,
        temperature=params.temperature,
        top_p=params.topP,
        top_k=0,
        min_p=None,
        repetition_penalty=1.0,
        generation_kwargs={"suppress_tokens": vision_token_ids(processor)},
        beta=params.beta,
        epsilon=params.epsilon,
        epsilon_high=None,
        delta=None,
        loss_type="grpo",
        scale_rewards="group",
        importance_sampling_level="token",
        multi_objective_aggregation="sum_then_normalize",
        reward_weights=None,
        use_bias_correction_kl=False,
        mask_truncated_completions=False,
        sync_ref_model=False,
        disable_dropout=False,
        top_entropy_quantile=1.0,
        entropy_coef=0.0,
        use_adaptive_entropy=False,
        off_policy_mask_threshold=None,
        shuffle_dataset=True,
        pad_to_multiple_of=None,
        cast_lm_head_to_fp32=False,
        use_vllm=False,
        # Liger's GRPO gives Qwen2.5-VL wrong positions without a word.
        use_liger_kernel=False,
        log_completions=False,
    )


def generation_boundary(accumulation: int) -> dict[str, Any]:
    """Fix 3: every optimizer step generates anew, so that a checkpoint never falls between two uses of the same completions.

    TRL buffers `steps_per_generation` micro-batches and a checkpoint does not hold the buffer: were it longer than one
    optimizer step, a run resumed in its middle would generate again and train on other completions.
    """
    return {"steps_per_generation": accumulation, "num_iterations": 1}


def domain_encoder(job: GrpoJob) -> DomainEncoder | None:
    """MiniLM for the domain reward, only where that reward counts."""
    return MiniLmEncoder(job.device) if job.params.rewardWeights.domain > 0 else None
