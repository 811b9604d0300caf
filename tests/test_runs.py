"""What a run of the tests says at its end about flaky and skipped ones, and that nothing outlives it."""

import os
import select
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
ONCE = """
from pathlib import Path

def test_once():
    mark = Path(__file__).with_suffix(".mark")
    if not mark.exists():
        mark.touch()
        raise AssertionError("the first time")
"""
TWICE = """
def test_twice():
    raise AssertionError("each time")
"""
SKIPS = """
import pytest

def test_skips():
    pytest.skip("no server")
"""


def run(folder: Path, tests: str, *options: str) -> tuple[int, str]:
    """The exit code and the output of pytest in CI on a file of tests."""
    (folder / "test_runs.py").write_text(tests)
    config = ("-c", ROOT / "pyproject.toml", "--rootdir", ROOT, "-p", "tests.conftest")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *config, *options, folder],
        env=os.environ | {"CI": "true", "COVERED_IN": ""}, cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    return ended.returncode, ended.stdout


def test_a_test_that_passes_the_second_time_is_named_and_fails_nothing(tmp_path: Path) -> None:
    code, output = run(tmp_path, ONCE, "--reruns=1")
    summary = output[output.rindex("FLAKY") :]
    assert code == 0
    assert "the first time" in summary
    assert "test_runs.py::test_once" in summary
    assert "1 passed, 1 rerun" in summary.splitlines()[-1]


def test_a_test_that_fails_twice_fails_the_run_of_several_workers(tmp_path: Path) -> None:
    code, output = run(tmp_path, ONCE + TWICE, "--reruns=1", "-n1")
    summary = output[output.rindex("FLAKY") :]
    flaky, _, failed = summary.partition("short test summary")
    assert code == 1
    assert "the first time" in flaky
    assert "each time" not in flaky
    assert "test_runs.py::test_twice" in failed
    assert "1 failed, 1 passed, 2 rerun" in summary.splitlines()[-1]


def test_a_skipped_test_fails_the_run(tmp_path: Path) -> None:
    code, output = run(tmp_path, SKIPS)
    assert code == 1
    assert "nothing may be skipped" in output
    assert "1 skipped" in output.splitlines()[-1]


def test_a_program_that_a_test_started_ends_with_it_even_by_kill_9() -> None:
    code = """
import subprocess
from tests.servers import mortal
subprocess.run(mortal("sh", "-c", "echo started; exec sleep 300"))
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        process.kill()
        ended, _, _ = select.select([process.stdout], [], [], 60)
        assert ended, "the program still holds its standard output"
