"""A process of its own: what it answers, how it ends, and who ends it."""

from pathlib import Path

import pytest

from registry.core.apart import answer_of
from registry.core.errors import Unavailable


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What runs in the place of the interpreter."""
    path = tmp_path / "python"
    monkeypatch.setattr("sys.executable", str(path))
    return path


def write(program: Path, line: str) -> None:
    program.write_text(f"#!/bin/sh\n{line}\n")
    program.chmod(0o700)


def test_how_a_process_ends_and_what_it_answers_comes_back(program: Path) -> None:
    write(program, 'cat; echo "$* $SIZE ${HOME:-}"; exit 3')
    assert answer_of(["a.module", "1"], b"content ", 30, env={"SIZE": "large"}) == (
        3,
        b"content -m a.module 1 large \n",
    )


def test_a_process_that_takes_longer_is_ended(program: Path) -> None:
    write(program, "exec sleep 600")
    assert answer_of(["a.module"], b"", 0.01) == (-9, b"")


def test_a_process_that_is_stopped_from_outside_says_that_all_of_it_stops(program: Path) -> None:
    write(program, "kill -TERM $$")
    with pytest.raises(Unavailable) as caught:
        answer_of(["a.module"], b"", 30)
    assert caught.value.code == "internal.stopping"
