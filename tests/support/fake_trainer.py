"""A STAND-IN for `python -m judo_gpu run JOB`, without torch: same job file, events, stop file, exit codes and checkpoints.

What it "learns" is a number that depends on the rows, the seed and every step before, so that a resume that loses or repeats a
step ends with other metrics. `JUDO_SIMULATE_WAIT_AT_STEP=n` makes a job that began from the beginning wait after step n for its
stop file (or for SIGKILL); a resumed one goes through. `JUDO_SIMULATE_STEP_SECONDS=s` makes each step take so long.
"""

import hashlib
import json
import os
import sys
import time
from pathlib import Path

STEPS = 12
job = json.loads(Path(sys.argv[2]).read_text())
stop_file = Path(job["stopFile"])
step_seconds = float(os.environ.get("JUDO_SIMULATE_STEP_SECONDS", "0"))
wait_at = int(os.environ.get("JUDO_SIMULATE_WAIT_AT_STEP", "-1"))


def say(event: str, **fields: object) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


def learn(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def save(step: int, state: str) -> None:
    work = Path(job["checkpoints"]) / ".work"
    work.mkdir()
    (work / "state.txt").write_text(state)
    directory = work.rename(Path(job["checkpoints"]) / str(step))
    (directory / "manifest.json").write_text(json.dumps({"step": step}))
    say("checkpoint", step=step, directory=str(directory))


def wait() -> None:
    while not stop_file.exists():
        time.sleep(0.01)


def train() -> int:
    rows = (Path(job["rows"]) / "rows.jsonl").read_text()
    step, state = 0, learn(f"{rows}{job['seed']}{json.dumps(job['params'])}")
    if job["resumeFrom"] is not None:
        resumed = Path(job["resumeFrom"])
        step = json.loads((resumed / "manifest.json").read_text())["step"]
        state = (resumed / "state.txt").read_text()
    say("started", totalSteps=STEPS, resumedAtStep=step, environment={"trainer": "stand-in", "pid": str(os.getpid())})
    while step < STEPS:
        time.sleep(step_seconds)
        step, state = step + 1, learn(state)
        say("step", step=step, totalSteps=STEPS, metrics={"loss": int(state[:6], 16) / 0xFFFFFF})
        saved = step % job["checkpointEverySteps"] == 0
        if saved:
            save(step, state)
        if step == wait_at and job["resumeFrom"] is None:
            wait()
        if stop_file.exists() and step < STEPS:
            if not saved:
                save(step, state)
            say("stopped", step=step)
            return 76
    (Path(job["output"]) / "policy.txt").write_text(state)
    say("finished", step=STEPS, metrics={})
    return 0


def infer() -> int:
    requests = [json.loads(line) for line in Path(job["requests"]).read_text().splitlines()]
    say("started", totalSteps=len(requests), resumedAtStep=0, environment={"trainer": "stand-in", "pid": str(os.getpid())})
    for done in range(0, len(requests), job["shardSize"]):
        if stop_file.exists():
            say("stopped", step=done)
            return 76
        if done >= wait_at >= 0:
            wait()
            continue
        shard = requests[done : done + job["shardSize"]]
        file = Path(job["output"]) / f"answers-{done:05d}.jsonl"
        file.write_text("".join(json.dumps({"id": r["id"], "text": r["prompt"].upper(), "tokens": 1}) + "\n" for r in shard))
        say("step", step=done + len(shard), totalSteps=len(requests), metrics={})
        say("answers", file=str(file), done=done + len(shard), total=len(requests))
    say("finished", step=len(requests), metrics={})
    return 0


say("phase", phase="loading the stand-in")
sys.exit(infer() if job["task"] == "infer" else train())
