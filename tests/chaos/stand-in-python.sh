#!/bin/sh
# STAND-IN for Python with torch: `python -m judo_gpu run JOB` goes to the fake trainer. Chaos needs many short jobs, not good ones.
shift 2
exec python3 "$(dirname "$0")/../support/fake_trainer.py" "$@"
