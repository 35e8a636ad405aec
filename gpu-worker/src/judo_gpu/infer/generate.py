"""Inference: batched greedy answers to requests, filed in shards (evaluation as in JUDO's section 4 and MMAD's protocol).

Departures:
- `repetition_penalty` is 1, not the 1.05 of Qwen's generation settings: the paper says greedy, and 1.05 is not.
- Tokens of the vision part are never generated.

Launch: python -m judo_gpu run job.json
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig

from judo_gpu.events import Events
from judo_gpu.failures import Stopped
from judo_gpu.job import InferJob
from judo_gpu.models.load import load_policy, policy_directory
from judo_gpu.models.processor import ImageTextProcessor, vision_token_ids
from judo_gpu.rows import (
    IMAGE_MARK,
    InferenceAnswer,
    InferenceRequest,
    open_image,
    read_rows,
    requests,
)

SHARDS = "answers-*.jsonl"
WORK = ".work"


def answer_requests(job: InferJob, events: Events) -> None:
    """Answer what is not answered yet. Each shard appears whole; a killed job loses at most one."""
    output = Path(job.output)
    asked = requests(job)
    answered = answered_ids(output)
    pending = [request for request in asked if request.id not in answered]
    done = len(asked) - len(pending)
    events.phase("loading the policy")
    dtype = torch.bfloat16 if job.device == "cuda" else torch.float32
    directory = policy_directory(Path(job.policy), output / WORK, events)
    model, processor = load_policy(directory, dtype)
    remove_work(output)
    torch.nn.Module.to(model, job.device)
    model.eval()  # type: ignore[no-untyped-call]
    generation = greedy(job, model, processor)
    events.started(len(asked), done, {"torch": torch.__version__, "device": job.device})
    for shard in chunks(pending, job.shardSize):
        if Path(job.stopFile).exists():
            raise Stopped(done)
        answers: list[InferenceAnswer] = []
        for batch in chunks(shard, job.deviceBatch):
            answers += answer_batch(model, processor, generation, batch, job)
            tokens = sum(answer.tokens for answer in answers) / len(answers)
            events.step(done + len(answers), len(asked), {"completion_length": tokens})
        done += len(answers)
        events.answers(file_shard(output, answers), done, len(asked))
    events.finished(done, {"answers": done})


def answered_ids(output: Path) -> set[str]:
    """Ids in the shards that are whole."""
    return {
        answer.id for shard in sorted(output.glob(SHARDS)) for answer in read_rows(shard, InferenceAnswer)
    }


def greedy(job: InferJob, model: Any, processor: ImageTextProcessor) -> GenerationConfig:
    """Greedy decoding; nothing is taken from the model's own sampling settings."""
    return GenerationConfig(  # type: ignore[no-untyped-call]
        max_new_tokens=job.params.maxNewTokens,
        do_sample=False,
        num_beams=1,
        repetition_penalty=1.0,
        temperature=None,
        top_p=None,
        top_k=None,
        suppress_tokens=vision_token_ids(processor),
        eos_token_id=model.generation_config.eos_token_id,
        pad_token_id=processor.tokenizer.pad_token_id,
    )


def answer_batch(
    model: Any,
    processor: ImageTextProcessor,
    generation: GenerationConfig,
    batch: Sequence[InferenceRequest],
    job: InferJob,
) -> list[InferenceAnswer]:
    """The answers to a batch, in its order."""
    texts = [chat_text(processor, request) for request in batch]
    images = [
        open_image(Path(job.images) / path, job.params.imageSize)
        for request in batch
        for path in request.images
    ]
    inputs = processor(
        text=texts, images=images or None, padding=True, padding_side="left", return_tensors="pt"
    )
    inputs = inputs.to(job.device)
    with torch.inference_mode():
        generated = model.generate(**inputs, generation_config=generation)  # (B, P + C)
    completions = generated[:, inputs["input_ids"].size(1) :].cpu()  # (B, C)
    texts = processor.tokenizer.batch_decode(completions, skip_special_tokens=True)
    lengths = (completions != generation.pad_token_id).sum(dim=1).tolist()
    return [
        InferenceAnswer(id=request.id, text=text, tokens=length)
        for request, text, length in zip(batch, texts, lengths, strict=True)
    ]


def chat_text(processor: ImageTextProcessor, request: InferenceRequest) -> str:
    """One user turn: the pictures at the prompt's marks in their order, or before the text where it has none."""
    first, *rest = request.prompt.split(IMAGE_MARK)
    content: list[dict[str, str]] = [] if rest else [{"type": "image"} for _ in request.images]
    content.append({"type": "text", "text": first})
    for text in rest:
        content += [{"type": "image"}, {"type": "text", "text": text}]
    turns: list[Any] = [{"role": "user", "content": content}]
    text = processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    assert isinstance(text, str)
    return text


def file_shard(output: Path, answers: Sequence[InferenceAnswer]) -> Path:
    """Write the answers to the next free file; it appears whole or not at all."""
    taken = [int(shard.stem.removeprefix("answers-")) for shard in output.glob(SHARDS)]
    file = output / f"answers-{max(taken, default=-1) + 1:05d}.jsonl"
    partial = output / f".{file.name}"
    partial.write_text("".join(answer.model_dump_json() + "\n" for answer in answers), encoding="utf-8")
    partial.rename(file)
    return file


def remove_work(output: Path) -> None:
    """The tiny model's files are no answer."""
    shutil.rmtree(output / WORK, ignore_errors=True)


def chunks(items: Sequence[InferenceRequest], size: int) -> Iterator[list[InferenceRequest]]:
    """The items in lists of `size`, the last one shorter."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
