"""The policy of a job: a directory with weights and processor, or a `model-ref.json` that names a tiny or a hub model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import torch
from pydantic import Field, TypeAdapter, ValidationError
from transformers import AutoModelForImageTextToText, PreTrainedModel

from judo_gpu.events import Events
from judo_gpu.failures import InvalidSpec, Transient
from judo_gpu.job import Strict
from judo_gpu.models.processor import ImageTextProcessor, load_processor

MODEL_REF = "model-ref.json"
# Below this many parameters one thread is the fastest: measured at 0.9 M, see EXPERIMENTS.md.
ONE_THREAD_BELOW = 10_000_000


class TinyRef(Strict):
    kind: Literal["tiny"]
    seed: Annotated[int, Field(ge=0)]


class HubRef(Strict):
    """`revision`: a commit hash keeps the model from changing below a stage key; null is the branch's head."""

    kind: Literal["hub"]
    name: str
    revision: str | None = None


REF: TypeAdapter[TinyRef | HubRef] = TypeAdapter(Annotated[TinyRef | HubRef, Field(discriminator="kind")])


def policy_directory(policy: Path, work: Path, events: Events) -> Path:
    """A directory that `from_pretrained` reads. GRPO's reference model is loaded from it a second time, by its path."""
    ref_file = policy / MODEL_REF
    if not ref_file.is_file():
        if not (policy / "config.json").is_file():
            raise InvalidSpec(f"policy: {policy} holds neither {MODEL_REF} nor config.json")
        return policy
    try:
        ref = REF.validate_json(ref_file.read_bytes())
    except ValidationError as error:
        raise InvalidSpec(f"policy: {ref_file} is no model reference: {error.errors()[0]['msg']}") from error
    if isinstance(ref, TinyRef):
        from judo_gpu.models.tiny import write_tiny_model

        write_tiny_model(work, ref.seed)
        return work
    events.phase(f"fetching {ref.name} from the model hub")
    return _from_hub(ref)


def _from_hub(ref: HubRef) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    try:
        return Path(snapshot_download(ref.name, revision=ref.revision))
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise InvalidSpec(
            f"policy: the model hub has no {ref.name} at {ref.revision or 'its head'}"
        ) from error
    except Exception as error:
        remedy = "check the network, or name a local directory as `model`"
        raise Transient(
            f"cannot fetch {ref.name} from the model hub: {type(error).__name__}", remedy
        ) from error


def load_policy(directory: Path, dtype: torch.dtype) -> tuple[PreTrainedModel, ImageTextProcessor]:
    """Model and processor of a directory. The model remembers the directory's name in its configuration."""
    try:
        processor = load_processor(directory)
        model = AutoModelForImageTextToText.from_pretrained(directory, dtype=dtype, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise InvalidSpec(f"policy: cannot load a model from {directory}: {error}"[:2000]) from error
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(
            1 if model.num_parameters() < ONE_THREAD_BELOW else len(os.sched_getaffinity(0))
        )
    return model, processor
