"""`python -m judo_gpu run job.json`: runs one job. The only place that turns an error into an exit code."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from judo_gpu.events import Events, take_stdout
from judo_gpu.failures import Exit, InvalidSpec, JobError, OutOfGpuMemory, Stopped, Transient
from judo_gpu.job import AnyJob, GrpoJob, InferJob, SftJob, read_job
from judo_gpu.rows import GrpoRow, requests, supervised_rows, training_rows
from judo_gpu.train.checkpoints import require_resumable

HELP = """\
example:
  python -m judo_gpu run job.json
  torchrun --nproc-per-node=4 -m judo_gpu run job.json

The job file is a `Job` of contracts/job.ts. Events go to stdout, one JSON object a line; the log goes to stderr.
exit codes: 0 finished, 64 invalid job, 65 corrupt dataset, 70 internal, 71 out of GPU memory, 72 diverged,
            73 checkpoint incompatible, 75 try again, 76 stopped with a checkpoint
"""


def main(argv: list[str] | None = None) -> int:
    """Runs the job and says how it ended."""
    parser = argparse.ArgumentParser(
        prog="python -m judo_gpu",
        description="Run one training or inference job.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, what in (("run", "run the job of a file"), ("train", "the same as run")):
        commands.add_parser(
            name, help=what, epilog=f"example: python -m judo_gpu {name} job.json"
        ).add_argument("job", type=Path)
    arguments = parser.parse_args(argv)

    events = Events(take_stdout(), rank=int(os.environ.get("RANK", "0")))
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    return run_file(arguments.job, events)


def run_file(file: Path, events: Events) -> int:
    """Runs the job of a file; every way in which it can end is an event and an exit code."""
    try:
        run(read_job(file), events)
        return Exit.FINISHED
    except Stopped as stop:
        events.stopped(stop.step)
        return Exit.STOPPED
    except BrokenPipeError:
        logging.error("nobody reads the events any more: the host is gone")
        return Exit.TRANSIENT
    except JobError as error:
        logging.error("%s: %s", error.type, error)
        events.failed(error)
        return error.exit
    except Exception as error:
        logging.exception("the job failed")
        known = out_of_memory(error)
        events.failed(known or Transient(f"{type(error).__name__}: {error}"[:2000]))
        return known.exit if known is not None else Exit.INTERNAL


def run(job: AnyJob, events: Events) -> None:
    """Does the job. What can be checked without torch is checked first; inference imports no trainer."""
    require_inputs(job)
    events.phase("loading libraries")
    require_device(job)
    if isinstance(job, SftJob):
        from judo_gpu.train.sft import train_sft

        train_sft(job, events)
    elif isinstance(job, GrpoJob):
        from judo_gpu.train.grpo import train_grpo

        train_grpo(job, events)
    else:
        from judo_gpu.infer.generate import answer_requests

        answer_requests(job, events)


def require_inputs(job: AnyJob) -> None:
    """Rows, pictures and checkpoint are whole; a fault ends the job within a second, not after minutes of loading."""
    if isinstance(job, InferJob):
        requests(job)
        return
    if isinstance(job, SftJob):
        supervised_rows(job)
    else:
        training_rows(job, GrpoRow)
    require_resumable(job)


def require_device(job: AnyJob) -> None:
    """A job for a GPU does not fall back to the CPU in silence, nor the other way round."""
    if job.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # Waiting threads that spin take the cores of a shared machine from those that work: 10 to 20 times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch
    import transformers.utils

    # Only assisted generation, which is not used here, wants it; importing it costs a sixth of the start-up.
    transformers.utils.is_sklearn_available = lambda: False  # type: ignore[attr-defined]

    if job.device == "cuda" and not torch.cuda.is_available():
        raise InvalidSpec(
            "device: the job asks for cuda, and torch sees no GPU", "run it on a GPU host, or with device cpu"
        )


def out_of_memory(error: Exception) -> OutOfGpuMemory | None:
    """The failure for torch's own out-of-memory error."""
    if type(error).__name__ != "OutOfMemoryError":
        return None
    return OutOfGpuMemory(
        f"out of GPU memory: {error}"[:2000], "lower runtime.deviceBatch or imageSize, or use more GPUs"
    )


if __name__ == "__main__":
    sys.exit(main())
