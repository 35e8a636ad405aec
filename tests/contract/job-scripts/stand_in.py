"""Stands in for `python -m judo_gpu run JOB` in the contract tests of the job runner: JOB says how this process lives and ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

job = json.loads(Path(sys.argv[2]).read_text())


def say(event: str, **fields: object) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


say("phase", phase="loading")
match job["life"]:
    case "succeeds":
        say("step", step=1, totalSteps=1, metrics={"loss": 0.5})
        say("finished", step=1, metrics={})
    case "exits":
        sys.exit(job["code"])
    case "fails":
        say("failed", failure={"type": "TrainingDiverged", "message": "loss is nan at step 3"})
        sys.exit(1)
    case "crashes":
        sys.stderr.write("é" * 3000 + "\nTraceback (most recent call last):\n")
        raise ZeroDivisionError("the last words")
    case "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    case "hangs":
        print("still here, says the log", flush=True)
        time.sleep(600)
    case "deaf":  # ignores the stop file and SIGTERM, and so does a child in a session of its own
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        say("phase", phase=f"child {child.pid}")
        time.sleep(600)
    case "stops":
        while not Path(job["stopFile"]).exists():
            time.sleep(0.01)
        say("checkpoint", step=7, directory="/checkpoints/7")
        say("stopped", step=7)
        sys.exit(76)
    case "orphans":  # ends well, but leaves a child that holds stdout
        subprocess.Popen(["sleep", "600"], start_new_session=True)
        say("finished", step=1, metrics={})
    case "babbles":
        print('{"event": "step"}\n{"half": \nplain text\n' + "x" * 300_000, flush=True)
        sys.stdout.buffer.write(b"\xff\xfe\x00 bytes\n")
        say("finished", step=0, metrics={})
        sys.stdout.write("no newline at the end")
    case "floods":
        for step in range(2000):
            say("step", step=step, totalSteps=2000, metrics={})
        say("finished", step=2000, metrics={})
    case "rank 1 exits":
        if os.environ["RANK"] == "1":
            sys.exit(job["code"])
        time.sleep(600)
    case "ranks hang":
        say("phase", phase=f"child {os.getpid()}")
        time.sleep(600)
    case "environment":
        print(json.dumps(dict(os.environ)), file=sys.stderr)
        say("finished", step=0, metrics={})
