from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import Outcome, Plant, write_lines
from judo_gpu.failures import Exit
from judo_gpu.infer.generate import chat_text
from judo_gpu.models.processor import load_processor
from judo_gpu.models.tiny import write_tiny_model
from judo_gpu.rows import IMAGE_MARK, InferenceRequest

SOURCE = Path(__file__).parents[1] / "src"


def answers(output: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for file in sorted(output.glob("answers-*.jsonl"))
        for line in file.read_text().splitlines()
    ]


def infer(plant: Plant, **changes: Any) -> dict[str, Any]:
    return plant.job("infer", {"maxNewTokens": 24}, **changes)


@pytest.fixture(scope="module")
def answered(plant: Plant, speaking_policy: Path) -> Outcome:
    """Ten requests with none, one or two pictures, four a shard."""
    outcome = plant.run(infer(plant, policy=str(speaking_policy)))
    assert outcome.code == Exit.FINISHED, outcome.events[-1]
    return outcome


def test_every_request_is_answered_once_and_in_order(answered: Outcome) -> None:
    assert [answer["id"] for answer in answers(answered.output)] == [
        f"request-{number}" for number in range(10)
    ]
    assert sorted(file.name for file in answered.output.iterdir()) == [
        f"answers-0000{n}.jsonl" for n in range(3)
    ]
    assert [(event["done"], event["total"]) for event in answered.of("answers")] == [
        (4, 10),
        (8, 10),
        (10, 10),
    ]


def test_what_was_learned_is_said(answered: Outcome) -> None:
    two_pictures = [answer for answer in answers(answered.output) if int(answer["id"][8:]) % 3 == 2]
    assert all(answer["text"].startswith("<seg> None </seg>") for answer in two_pictures)
    assert all(0 < answer["tokens"] <= 24 for answer in two_pictures)


def test_a_killed_job_goes_on_with_what_is_not_answered(
    plant: Plant, speaking_policy: Path, answered: Outcome
) -> None:
    job = infer(plant, policy=str(speaking_policy), shardSize=3)
    output = Path(job["output"])
    first = (answered.output / "answers-00000.jsonl").read_bytes()
    (output / "answers-00000.jsonl").write_bytes(first)
    (output / ".answers-00001.jsonl").write_text('{"id": "request-4", "te')
    outcome = plant.run(job)
    assert outcome.code == Exit.FINISHED, outcome.events[-1]
    assert outcome.of("started")[0]["resumedAtStep"] == 4
    assert (output / "answers-00000.jsonl").read_bytes() == first
    assert [answer["id"] for answer in answers(output)] == [f"request-{number}" for number in range(10)]


def test_a_job_whose_requests_are_all_answered_changes_nothing(plant: Plant, answered: Outcome) -> None:
    before = answered.bytes()
    outcome = plant.run({**infer(plant), "output": str(answered.output)})
    assert outcome.code == Exit.FINISHED
    assert outcome.of("answers") == []
    assert answered.bytes() == before


def test_the_stop_file_ends_the_job_between_shards(plant: Plant) -> None:
    job = infer(plant)
    Path(job["stopFile"]).touch()
    outcome = plant.run(job)
    assert outcome.code == Exit.STOPPED
    assert outcome.events[-1] == {"event": "stopped", "step": 0}


def test_answers_do_not_depend_on_the_batch(plant: Plant, speaking_policy: Path, answered: Outcome) -> None:
    outcome = plant.run(infer(plant, policy=str(speaking_policy), deviceBatch=1))
    assert answers(outcome.output) == answers(answered.output)


def test_a_garbage_request_ends_with_65(own_plant: Plant) -> None:
    write_lines(own_plant.root / "requests.jsonl", [{"id": "x", "images": [], "prompt": ""}])
    outcome = own_plant.run(infer(own_plant))
    assert outcome.code == Exit.DATASET_CORRUPT
    assert "requests.jsonl:1: prompt" in outcome.of("failed")[0]["failure"]["message"]


def test_pictures_stand_at_the_marks_of_a_prompt_and_before_one_without(plant: Plant) -> None:
    write_tiny_model(plant.root / "whole", 3)
    processor = load_processor(plant.root / "whole")

    def said(prompt: str, *images: str) -> str:
        text = chat_text(processor, InferenceRequest(id="x", images=list(images), prompt=prompt))
        user = text.split("<|im_start|>user\n")[1].split("<|im_end|>")[0]
        return user.replace("<|vision_start|><|image_pad|><|vision_end|>", "#")

    assert said("Normal: <image>\nQuery: <image>\nWhat?", "n.png", "q.png") == "Normal: #\nQuery: #\nWhat?"
    assert said("What?", "q.png", "n.png") == "##What?"
    assert said("What?") == "What?"


def test_a_mark_decides_where_its_picture_is_seen(plant: Plant, speaking_policy: Path) -> None:
    first, last = f"{IMAGE_MARK}What is it?", f"What is it?{IMAGE_MARK}"
    rows = [
        {"id": str(number), "images": ["board/0.png"], "prompt": prompt}
        for number, prompt in enumerate(["What is it?", first, last])
    ]
    write_lines(plant.root / "marks" / "requests.jsonl", rows)
    job = infer(plant, policy=str(speaking_policy), requests=str(plant.root / "marks" / "requests.jsonl"))
    outcome = plant.run(job)
    assert outcome.code == Exit.FINISHED, outcome.events[-1]
    before, marked, _ = (answer["text"] for answer in answers(outcome.output))
    assert marked == before


@pytest.mark.parametrize(("marks", "images"), [(1, 2), (2, 1), (1, 0)])
def test_marks_that_are_not_as_many_as_the_images_end_with_64(
    own_plant: Plant, marks: int, images: int
) -> None:
    pictures = [f"board/{number}.png" for number in range(images)]
    row = {"id": "board/7.png#2", "images": pictures, "prompt": IMAGE_MARK * marks + "What?"}
    write_lines(own_plant.root / "requests.jsonl", [row])
    outcome = own_plant.run(infer(own_plant))
    assert outcome.code == Exit.INVALID_SPEC
    message = outcome.of("failed")[0]["failure"]["message"]
    assert message == f"request board/7.png#2: {marks} <image> marks in the prompt, {images} images"


def test_inference_imports_no_trainer_and_events_alone_reach_stdout(plant: Plant) -> None:
    job = plant.write(infer(plant, requests=str(one_request(plant))))
    program = (
        "import sys; from judo_gpu.__main__ import main; "
        f"code = main(['run', {str(job)!r}]); print('noise of a library'); "
        "sys.exit(code or ('trl' in sys.modules) + 2 * ('datasets' in sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={"PYTHONPATH": str(SOURCE)}
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    events = [json.loads(line)["event"] for line in ended.stdout.splitlines()]
    assert events[-1] == "finished"
    assert "noise of a library" in ended.stderr


def one_request(plant: Plant) -> Path:
    file = plant.root / "one" / "requests.jsonl"
    write_lines(file, [{"id": "only", "images": ["board/0.png", "board/1.png"], "prompt": "What is it?"}])
    return file
