"""The conformance command of the reward functions."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from judo_gpu.conformance import run_case

SOURCE = Path(__file__).parents[1] / "src"
GOLDENS = Path(__file__).parents[3] / "shared" / "goldens" / "cases.json"


def test_unknown_suites_profiles_and_broken_input_are_told_apart() -> None:
    assert run_case({"suite": "nothing", "profile": "strict", "input": {}}) == {"unknown": "suite"}
    assert run_case({"suite": "seg_parse", "profile": "nobody", "input": {}}) == {"unknown": "profile"}
    assert "KeyError" in run_case({"suite": "seg_parse", "profile": "strict", "input": {}})["error"]


def test_the_command_answers_in_order_and_imports_no_torch() -> None:
    cases = [
        {"suite": "seg_parse", "profile": "strict", "input": {"completion": "<seg>(1,1)</seg>"}},
        {"suite": "nothing", "profile": "strict", "input": {}},
    ]
    script = "import sys; from judo_gpu.conformance import main; code = main(); assert 'torch' not in sys.modules; sys.exit(code)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps({"cases": cases}),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["results"] == [
        {"got": {"valid": True, "cells": [[1, 1]]}},
        {"unknown": "suite"},
    ]


@pytest.mark.skipif(not GOLDENS.exists(), reason="../shared/goldens is absent")
def test_no_shared_case_of_a_reward_fails_to_run() -> None:
    results = [run_case(case) for case in json.loads(GOLDENS.read_text())["cases"]]
    assert [result for result in results if "error" in result] == []
    assert sum("got" in result for result in results) > 80
