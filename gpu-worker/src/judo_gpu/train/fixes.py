"""The named fixes that the libraries' trainers need here, each a mix-in with a test that fails without it.

1. `RestoresWeights`: transformers' resume loads no weight of a Qwen2.5-VL (key names differ, only a warning is logged).
2. `ReseedsSampler`: TRL's GRPO sampler ignores epochs, so that a resumed run sees the first epoch's order again; and
   with several processes accelerate does not reach the sampler behind a resumed loader, for SFT either.
3. `generation_boundary` (grpo.py): a checkpoint between two generations would lose the buffered completions.
4. `EndsAtTheEnd`: resumed from its last checkpoint in the middle of an epoch, transformers trains a step too many.
5. `RestoresOptimizer`: with several processes on CPU transformers cannot read the optimizer's state (`cpu:0`), and on
   GPU it reads every rank's copy into GPU memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import AutoModelForImageTextToText
from trl.trainer.utils import RepeatSampler

from judo_gpu.events import Events
from judo_gpu.train.checkpoints import Identity, commit_checkpoint


class RestoresWeights:
    """Fix 1: load the checkpoint as a model of its own and copy every weight by name, strictly."""

    model: Any

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        target = model if model is not None else self.model
        saved = AutoModelForImageTextToText.from_pretrained(
            resume_from_checkpoint, dtype=target.dtype, local_files_only=True
        )
        target.load_state_dict(saved.state_dict(), strict=True)


class RestoresOptimizer:
    """Fix 5: read the optimizer's state on the CPU; `load_state_dict` brings it to where the parameters are."""

    optimizer: Any
    lr_scheduler: Any
    is_deepspeed_enabled: bool

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None or self.is_deepspeed_enabled:
            super()._load_optimizer_and_scheduler(checkpoint)  # type: ignore[misc]
            return
        for name, holder in (("optimizer.pt", self.optimizer), ("scheduler.pt", self.lr_scheduler)):
            holder.load_state_dict(torch.load(Path(checkpoint) / name, map_location="cpu", weights_only=True))


class EpochOrder(Sampler[int]):
    """The order of an epoch: a function of seed and epoch alone, whatever ran before in this process."""

    def __init__(self, rows: int, seed: int) -> None:
        self.rows = rows
        self.seed = seed
        self.epoch = 0

    def order(self) -> list[int]:
        """A permutation of the rows."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        return torch.randperm(self.rows, generator=generator).tolist()

    def __iter__(self) -> Iterator[int]:
        return iter(self.order())

    def __len__(self) -> int:
        return self.rows


class PromptOrder(EpochOrder):
    """TRL's `RepeatSampler` over an epoch's order: each prompt once a generation, a step's prompts once a micro-batch."""

    def __init__(self, sampler: RepeatSampler, seed: int) -> None:
        super().__init__(sampler.num_samples, seed)
        self._repeats = RepeatSampler(
            range(sampler.num_samples),
            sampler.mini_repeat_count,
            sampler.batch_size,
            sampler.repeat_count,
            shuffle=False,
        )

    def __iter__(self) -> Iterator[int]:
        order = self.order()
        return (order[position] for position in self._repeats)

    def __len__(self) -> int:
        return len(self._repeats)


class ReseedsSampler:
    """Fix 2: tell the sampler the epoch directly, not through the loaders wrapped around it."""

    args: Any
    train_dataset: Any
    _order: EpochOrder

    def _get_train_sampler(self, dataset: Any = None) -> EpochOrder:
        sampler = super()._get_train_sampler(dataset)  # type: ignore[misc]
        rows = len(dataset if dataset is not None else self.train_dataset)
        grouped = isinstance(sampler, RepeatSampler)
        self._order = PromptOrder(sampler, self.args.seed) if grouped else EpochOrder(rows, self.args.seed)
        return self._order

    def _run_epoch(self, *, epoch: int, **rest: Any) -> None:
        self._order.epoch = epoch
        super()._run_epoch(epoch=epoch, **rest)  # type: ignore[misc]


class EndsAtTheEnd:
    """Fix 4: a run whose last step is done does no other."""

    state: Any
    control: Any

    def _run_epoch(self, **epoch: Any) -> None:
        if self.state.global_step >= self.state.max_steps:
            self.control.should_training_stop = True
            return
        super()._run_epoch(**epoch)  # type: ignore[misc]


class CommitsCheckpoints:
    """Checkpoints as the contract wants them: weights and training state only, committed by a manifest, told by an event."""

    args: Any
    accelerator: Any
    state: Any
    model: Any
    checkpoints: Path
    identity: Identity
    events: Events

    def _save(self, output_dir: str | None = None, state_dict: dict[str, torch.Tensor] | None = None) -> None:
        # No processor and no training_args.bin: the first never changes, the second holds paths.
        self.model.save_pretrained(output_dir or self.args.output_dir, state_dict=state_dict)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        step = self.state.global_step
        self.events.phase(f"saving checkpoint {step}")
        super()._save_checkpoint(model, trial)  # type: ignore[misc]
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            written = Path(self.args.output_dir) / f"checkpoint-{step}"
            directory = commit_checkpoint(written, self.checkpoints, step, self.identity)
            self.events.checkpoint(step, directory)
        self.accelerator.wait_for_everyone()


class Fixes(CommitsCheckpoints, RestoresWeights, RestoresOptimizer, ReseedsSampler, EndsAtTheEnd):
    """All of them, for a trainer to inherit before the library's."""
