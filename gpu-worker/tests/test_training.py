"""What a training job does from start to end, on the tiny model; resuming has a file of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from conftest import Outcome, Plant, write_lines
from judo_gpu.failures import Exit
from judo_gpu.models.load import load_policy
from judo_gpu.rewards.segmentation import parse_cells
from judo_gpu.rows import GrpoRow

SFT = {"maxSteps": 6, "learningRate": 3e-3, "batchSize": 4, "scheduler": "constant"}
GRPO = {
    "maxSteps": 2,
    "learningRate": 1e-3,
    "generations": 4,
    "promptsPerStep": 2,
    "maxNewTokens": 32,
    "temperature": 1.0,
    "topP": 1.0,
}


def message_of(outcome: Outcome) -> str:
    (event,) = outcome.of("failed")
    message = event["failure"]["message"]
    assert isinstance(message, str)
    return message


def test_sft_learns_and_writes_a_policy_that_loads(plant: Plant) -> None:
    outcome = plant.run(plant.job("sft", SFT))
    assert outcome.code == Exit.FINISHED, outcome.events[-1]
    losses = [event["metrics"]["loss"] for event in outcome.of("step")]
    assert len(losses) == 6
    assert losses[-1] < losses[0] - 0.5
    assert set(outcome.of("step")[0]["metrics"]) >= {"loss", "lr", "grad_norm"}
    assert outcome.of("started")[0]["totalSteps"] == 6
    assert outcome.events[-1]["event"] == "finished"
    model, processor = load_policy(outcome.output, torch.float32)
    assert model.num_parameters() > 500_000
    assert processor.tokenizer.padding_side == "left"


def test_the_output_is_the_policy_alone_and_equal_input_gives_equal_bytes(plant: Plant) -> None:
    first, second = (plant.run(plant.job("sft", {**SFT, "maxSteps": 2})) for _ in range(2))
    assert set(first.bytes()) == {
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "processor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert first.bytes() == second.bytes()
    assert not any(str(plant.root).encode() in content for content in first.bytes().values())


def test_the_device_batch_does_not_change_what_is_learned(plant: Plant) -> None:
    at_once, in_parts = (
        plant.run(plant.job("sft", {**SFT, "maxSteps": 3}, deviceBatch=batch)) for batch in (4, 1)
    )
    for one, other in zip(at_once.of("step"), in_parts.of("step"), strict=True):
        assert one["metrics"]["loss"] == pytest.approx(other["metrics"]["loss"], rel=1e-3)


def test_golden_reasonings_are_learned_in_the_format_of_the_answer(plant: Plant) -> None:
    from judo_gpu.train.sft import completion_of

    row = GrpoRow.model_validate_json((plant.root / "grpo" / "rows.jsonl").read_text().splitlines()[0])
    marked = row.model_copy(update={"cells": [(3, 4), (3, 6), (3, 5), (2, 16)]})
    text = completion_of(marked)
    assert text == (
        "<seg> (2,16) , (3,4)-(3,6) </seg>\n<think> The board has no defect. </think>\n<answer>A</answer>"
    )
    assert parse_cells(text) == set(marked.cells)
    assert completion_of(row).startswith("<seg> None </seg>\n")
    outcome = plant.run(plant.job("sft", SFT, rows=str(plant.root / "grpo")))
    assert outcome.code == Exit.FINISHED, outcome.events[-1]
    losses = [event["metrics"]["loss"] for event in outcome.of("step")]
    assert losses[-1] < losses[0] - 0.5


def test_rows_of_two_kinds_in_one_file_end_with_65(own_plant: Plant) -> None:
    mixed = (own_plant.root / "grpo" / "rows.jsonl").read_text() + (
        own_plant.root / "sft" / "rows.jsonl"
    ).read_text()
    (own_plant.root / "sft" / "rows.jsonl").write_text(mixed)
    outcome = own_plant.run(own_plant.job("sft", SFT))
    assert outcome.code == Exit.DATASET_CORRUPT
    assert "rows.jsonl:7: " in message_of(outcome)


def test_the_loss_is_on_the_answer_only(plant: Plant) -> None:
    from judo_gpu.train.sft import Trainer

    seen: list[dict[str, torch.Tensor]] = []
    original = Trainer.training_step

    def look(self: Any, model: Any, inputs: dict[str, torch.Tensor], *rest: Any) -> Any:
        seen.append({name: inputs[name].clone() for name in ("input_ids", "labels")})
        return original(self, model, inputs, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "training_step", look)
        outcome = plant.run(plant.job("sft", {**SFT, "maxSteps": 1}))
    _, processor = load_policy(outcome.output, torch.float32)
    for ids, labels in zip(seen[0]["input_ids"], seen[0]["labels"], strict=True):
        text = processor.tokenizer.decode(ids[labels != -100])
        assert text.startswith("<seg> None </seg>")
        assert text.endswith("</answer><|im_end|>\n")
        # Two pictures of 56 pixels are 2 x 4 merged patches.
        assert (ids == processor.image_token_id).sum() == 8


def test_grpo_reports_the_reward_and_each_part(plant: Plant, speaking_policy: Path) -> None:
    outcome = plant.run(plant.job("grpo", GRPO, policy=str(speaking_policy)))
    assert outcome.code == Exit.FINISHED, outcome.events[-1]
    metrics = outcome.of("step")[0]["metrics"]
    parts = {f"rewards/{part}" for part in ("choice", "format", "structure", "segmentation", "domain")}
    assert set(metrics) >= {"loss", "lr", "grad_norm", "reward", "kl", "completion_length"} | parts
    assert metrics["reward"] == pytest.approx(sum(metrics[part] for part in parts), abs=1e-4)
    assert metrics["rewards/format"] > 0
    load_policy(outcome.output, torch.float32)


def test_grpo_leaves_out_a_reward_of_weight_0(plant: Plant, speaking_policy: Path) -> None:
    weights = {"domain": 0, "structure": 0, "choice": 2}
    job = plant.job("grpo", {**GRPO, "maxSteps": 1, "rewardWeights": weights}, policy=str(speaking_policy))
    metrics = plant.run(job).of("step")[0]["metrics"]
    rewards = {name for name in metrics if name.startswith("rewards/")}
    assert rewards == {"rewards/choice", "rewards/format", "rewards/segmentation"}


def test_image_tokens_are_never_sampled(plant: Plant, speaking_policy: Path) -> None:
    from judo_gpu.job import JOB
    from judo_gpu.models.processor import VISION_TOKENS, load_processor
    from judo_gpu.train.grpo import grpo_arguments

    processor = load_processor(speaking_policy)
    arguments = grpo_arguments(JOB.validate_python(plant.job("grpo", GRPO)), processor)  # type: ignore[arg-type]
    assert isinstance(arguments.generation_kwargs, dict)
    suppressed = arguments.generation_kwargs["suppress_tokens"]
    assert set(processor.tokenizer.convert_tokens_to_ids(list(VISION_TOKENS))) == set(suppressed)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{not json", "rows.jsonl:2: Invalid JSON"),
        ('{"id": "x"}', "rows.jsonl:2: imageKey: Field required"),
        ("[]", "rows.jsonl:2: Input should be an object"),
    ],
)
def test_garbage_rows_end_with_65_and_name_file_and_line(own_plant: Plant, line: str, fault: str) -> None:
    rows = own_plant.root / "sft" / "rows.jsonl"
    first, _, *others = rows.read_text().splitlines()
    rows.write_text("\n".join([first, line, *others]))
    outcome = own_plant.run(own_plant.job("sft", SFT))
    assert outcome.code == Exit.DATASET_CORRUPT
    assert fault in message_of(outcome)


def test_an_empty_dataset_ends_with_65(own_plant: Plant) -> None:
    write_lines(own_plant.root / "sft" / "rows.jsonl", [])
    outcome = own_plant.run(own_plant.job("sft", SFT))
    assert outcome.code == Exit.DATASET_CORRUPT
    assert "holds no row" in message_of(outcome)


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "a//b.png"])
def test_an_image_path_that_leaves_the_root_is_refused(own_plant: Plant, path: str) -> None:
    rows = own_plant.root / "sft" / "rows.jsonl"
    row = json.loads(rows.read_text().splitlines()[0])
    write_lines(rows, [{**row, "images": [path]}])
    outcome = own_plant.run(own_plant.job("sft", SFT))
    assert outcome.code == Exit.DATASET_CORRUPT
    assert "expected a relative path" in message_of(outcome)


def test_a_missing_and_a_truncated_picture_are_named(own_plant: Plant) -> None:
    picture = own_plant.root / "images" / "board" / "1.png"
    picture.write_bytes(picture.read_bytes()[:60])
    outcome = own_plant.run(own_plant.job("sft", {**SFT, "batchSize": 12}))
    assert outcome.code == Exit.DATASET_CORRUPT
    assert "board/1.png cannot be read" in message_of(outcome)
    picture.unlink()
    outcome = own_plant.run(own_plant.job("sft", SFT))
    assert outcome.code == Exit.DATASET_CORRUPT
    assert "image board/1.png does not exist" in message_of(outcome)


def test_a_model_reference_that_says_nothing_is_refused(own_plant: Plant) -> None:
    (own_plant.root / "policy" / "model-ref.json").write_text('{"kind": "huge"}')
    outcome = own_plant.run(own_plant.job("sft", SFT))
    assert outcome.code == Exit.INVALID_SPEC
    assert "model-ref.json is no model reference" in message_of(outcome)


def test_a_loss_that_is_no_number_ends_with_72_and_leaves_no_checkpoint_of_it(plant: Plant) -> None:
    params = {**SFT, "learningRate": 1e30}
    outcome = plant.run(plant.job("sft", params, checkpointEverySteps=1))
    assert outcome.code == Exit.TRAINING_DIVERGED
    assert "training diverged at step" in message_of(outcome)
    diverged = int(message_of(outcome).split("step ")[1].split(":")[0])
    assert all(event["step"] < diverged for event in outcome.of("checkpoint"))
    assert not list(outcome.output.iterdir())


def test_out_of_memory_ends_with_71_after_the_checkpoints_before_it(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDO_SIMULATE_OOM_AT_STEP", "2")
    outcome = plant.run(plant.job("sft", SFT, checkpointEverySteps=1))
    assert outcome.code == Exit.OUT_OF_GPU_MEMORY
    assert outcome.of("failed")[0]["failure"]["type"] == "OutOfGpuMemory"
    assert [event["step"] for event in outcome.of("checkpoint")] == [1]


def test_a_cuda_job_does_not_fall_back_to_the_cpu(plant: Plant) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    outcome = plant.run(plant.job("sft", SFT, device="cuda"))
    assert outcome.code == Exit.INVALID_SPEC
    assert "torch sees no GPU" in message_of(outcome)
