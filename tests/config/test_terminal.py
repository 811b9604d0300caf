"""A log line says what it is about, as text and as JSON."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.commands.terminal import log_to_console
from config.settings import load


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("is_json", [True, False])
def test_a_line_keeps_what_it_is_about(is_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_to_console(load(log_json=is_json, data_dir=tmp_path))
    about = {"broker": "broker.office:8883 (MQTT 5)", "reason": "Not authorized", "topics": ["izba/status"]}
    logging.getLogger("devices.broker.connection").warning("MQTT broker refuses", extra=about)
    line = capsys.readouterr().err
    for part in ("MQTT broker refuses", "broker.office:8883", "Not authorized", "izba/status"):
        assert part in line
    if is_json:
        assert {name: json.loads(line)[name] for name in about} == about
