"""What SFT and GRPO share: rows as a dataset, the arguments that are the same in both, and the frame around `train()`."""

from __future__ import annotations

import json
import logging
import os
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import PrinterCallback, ProgressCallback

from judo_gpu.events import Events
from judo_gpu.failures import Stopped
from judo_gpu.job import GrpoJob, SftJob, device_split, is_sharded
from judo_gpu.models.processor import ImageTextProcessor
from judo_gpu.rows import GrpoRow, SftRow, open_image
from judo_gpu.train.checkpoints import identity_of
from judo_gpu.train.progress import Progress

WORK = ".work"


def work_directory(job: SftJob | GrpoJob) -> Path:
    """Where a checkpoint is written before it is committed; beside the others, so that committing is a rename."""
    return Path(job.checkpoints) / WORK


def own_policy_directory(job: SftJob | GrpoJob) -> Path:
    """Where a process builds the tiny model: each its own, for one reads while another still writes."""
    return work_directory(job) / f"policy-{os.environ.get('RANK', '0')}"


def weights_dtype(job: SftJob | GrpoJob) -> torch.dtype:
    """fp32 on one GPU, where arithmetic alone is bf16: an update of 1e-6 is lost in a bf16 weight. ZeRO-3 keeps fp32 copies."""
    return torch.bfloat16 if is_sharded(job) else torch.float32


def common_arguments(job: SftJob | GrpoJob) -> dict[str, Any]:
    """The trainer's options that SFT and GRPO share, every one that the paper or a resume depends on."""
    at_once, accumulation = device_split(job)
    params = job.params
    return {
        "output_dir": str(work_directory(job)),
        "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": accumulation,
        "num_train_epochs": params.epochs,
        "max_steps": params.maxSteps or -1,
        "learning_rate": params.learningRate,
        "max_grad_norm": params.maxGradNorm,
        "optim": "adamw_torch",
        "adam_beta1": 0.9,
        "adam_beta2": 0.999,
        "adam_epsilon": 1e-8,
        "seed": job.seed,
        "data_seed": job.seed,
        "bf16": job.device == "cuda",
        "use_cpu": job.device == "cpu",
        "gradient_checkpointing": job.device == "cuda",
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
        "deepspeed": ZERO_3 if is_sharded(job) else None,
        "ddp_backend": "gloo" if job.device == "cpu" and job.worldSize > 1 else None,
        "ddp_find_unused_parameters": False,
        "logging_steps": 1,
        # A NaN must be seen, not averaged away.
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_steps": job.checkpointEverySteps,
        "save_only_model": False,
        "report_to": "none",
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": job.device == "cuda",
    }


# JUDO trains with ZeRO-3 in bf16 on 4 GPUs (paper, implementation details).
ZERO_3: dict[str, Any] = {
    "bf16": {"enabled": True},
    "zero_optimization": {
        "stage": 3,
        "overlap_comm": True,
        "contiguous_gradients": True,
        "stage3_gather_16bit_weights_on_model_save": True,
    },
    "train_micro_batch_size_per_gpu": "auto",
    "gradient_accumulation_steps": "auto",
    "gradient_clipping": "auto",
}


def as_dataset(
    rows: Sequence[SftRow] | Sequence[GrpoRow],
    images: Path,
    size: int,
    columns: Callable[[Any], Mapping[str, Any]],
) -> Dataset:
    """Rows whose pictures are opened when asked for. Kept as JSON: Arrow would give every row the keys of all options."""
    kind = type(rows[0])

    def open_rows(batch: Mapping[str, list[str]]) -> dict[str, list[Any]]:
        opened: list[dict[str, Any]] = []
        for text in batch["row"]:
            row = kind.model_validate_json(text)
            pictures = [open_image(images / path, size) for path in row.images]
            opened.append({"images": pictures, **columns(row)})
        return {name: [row[name] for row in opened] for name in opened[0]}

    dataset = Dataset.from_dict({"row": [row.model_dump_json() for row in rows]})
    dataset.set_transform(open_rows)
    return dataset


def environment(job: SftJob | GrpoJob) -> dict[str, str]:
    """What the run ran on; goes into the report."""
    device = (
        torch.cuda.get_device_name(0) if job.device == "cuda" else f"cpu, {torch.get_num_threads()} threads"
    )
    libraries = {name: version(name) for name in ("torch", "transformers", "trl", "accelerate")}
    return {
        "python": platform.python_version(),
        **libraries,
        "device": device,
        "processes": str(job.worldSize),
    }


def run_training(trainer: Any, job: SftJob | GrpoJob, processor: ImageTextProcessor, events: Events) -> None:
    """Train from the beginning or from the job's checkpoint, and write the policy.

    Throws `Stopped` once the checkpoint that was asked for is committed.
    """
    trainer.checkpoints = Path(job.checkpoints)
    trainer.identity = identity_of(job)
    trainer.events = events
    progress = Progress(events, Path(job.stopFile), environment(job))
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    trainer.add_callback(progress)
    trainer.train(resume_from_checkpoint=job.resumeFrom)
    step = trainer.state.global_step
    if progress.stopped:
        clear_work(job, trainer)
        raise Stopped(step)
    events.phase("saving the policy")
    if job.device == "cuda" and not is_sharded(job):
        trainer.model.to(torch.bfloat16)
    trainer.save_model(job.output, _internal_call=True)
    if trainer.accelerator.is_main_process:
        # The tokenizer remembers how it padded last; its file must not depend on what was tokenized.
        processor.tokenizer.backend_tokenizer.no_padding()
        processor.save_pretrained(job.output)
    clear_work(job, trainer)
    events.finished(step, progress.last)


def clear_work(job: SftJob | GrpoJob, trainer: Any) -> None:
    """Remove what lies between the checkpoints, once every process is done with it."""
    trainer.accelerator.wait_for_everyone()
    if trainer.accelerator.is_main_process:
        shutil.rmtree(work_directory(job), ignore_errors=True)


def log_arguments(args: Any) -> None:
    """The whole truth about the trainer's options, once, in the log."""
    logging.getLogger(__name__).info(
        "trainer arguments: %s", json.dumps(args.to_dict(), default=str, sort_keys=True)
    )
