"""The database goes away, or its disk is full, under a whole Izba: whoever asks is told to come again."""

import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.whole import ROOT, Whole, until
from tests.servers import Postgres
from web.system.last_backup import NAME

AWAY = "the database is away"
SECONDS = 4.0


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A cluster of this test alone: it is stopped and started."""
    server = Postgres()
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def lines(whole: Whole) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", (whole.home / "log").read_text(errors="replace"))


def slot(number: int) -> dict[str, Any]:
    """The body of a booking that meets no other."""
    day = date.today() + timedelta(days=7 + number // 16)  # noqa: DTZ011  # some day soon
    start = datetime.fromisoformat(f"{day}T07:00:00+01:00") + timedelta(minutes=30 * (number % 16))
    return {
        "room": "ZW-02",
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(minutes=30)).isoformat(),
    }


def tries(client: httpx.Client, number: int, answers: list[httpx.Response]) -> None:
    answers.append(client.post("/bookings", json=slot(number)))
    answers.append(client.get("/rooms"))


def assert_refused_well(answers: list[httpx.Response]) -> None:
    """Each call is right, or 503 with the code that is for it and when to come again."""
    for answer in answers:
        if answer.status_code >= 500:
            assert answer.status_code == 503, answer.text
            assert answer.json()["code"] in ("database.away", "internal.busy"), answer.text
            assert int(answer.headers["retry-after"]) > 0


def test_postgres_that_stops_under_load_is_told_and_found_again(postgres: Postgres, tmp_path: Path) -> None:
    postgres.sql("CREATE DATABASE office")
    whole = Whole(tmp_path, IZBA_DATABASE_URL=postgres.url("office"))
    answers: list[httpx.Response] = []
    stopping = threading.Event()

    def load(first: int) -> None:
        with whole.client() as client:
            number = first
            while not stopping.is_set():
                tries(client, number, answers)
                number += 4

    try:
        crowd = [threading.Thread(target=load, args=(number,)) for number in range(4)]
        for one in crowd:
            one.start()
        until(lambda: len(answers) > 20)
        for client in postgres._clients.values():
            client.communicate()
        postgres._clients.clear()
        postgres.process.send_signal(signal.SIGINT)
        postgres.process.wait(60)
        before, away = len(answers), time.monotonic()
        until(lambda: time.monotonic() - away > SECONDS and len(answers) > before + 20)
        ready = httpx.get(f"{whole.url}/readyz")
        assert (ready.status_code, ready.json()["code"]) == (503, "database.away")
        page = httpx.get(f"{whole.url}/sign-in", headers={"accept": "text/html"})
        assert page.status_code in (200, 503)
        postgres._start()
        until(lambda: answers[-1].status_code < 500 and answers[-2].status_code < 500)
        stopping.set()
        for one in crowd:
            one.join()
        until(lambda: httpx.get(f"{whole.url}/readyz").status_code == 200)
        assert_refused_well(answers)
        assert Counter(answer.status_code for answer in answers)[503] > 20
    finally:
        stopping.set()
        whole.stop()
    log = lines(whole)
    assert log.count(AWAY) == 1, log[-4000:]
    assert "Traceback" not in log, log[-4000:]


def test_a_full_disk_is_told_and_found_again(tmp_path: Path) -> None:
    whole = Whole(tmp_path)
    try:
        with whole.client() as client:
            answers: list[httpx.Response] = []
            tries(client, 0, answers)
            assert [answer.status_code for answer in answers] == [201, 200]
            # no file of the server grows any more, as on a full disk
            (limit, most) = resource.prlimit(whole.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(whole.process.pid, resource.RLIMIT_FSIZE, (4096, most))
            for number in range(1, 20):
                tries(client, number, answers)
            assert_refused_well(answers)
            assert [answer.status_code for answer in answers[2::2]] == [503] * 19
            assert {answer.status_code for answer in answers[3::2]} == {200}, "what can be read is answered"
            until(lambda: httpx.get(f"{whole.url}/readyz").status_code == 503)
            assert httpx.get(f"{whole.url}/readyz").json()["code"] == "database.away"
            resource.prlimit(whole.process.pid, resource.RLIMIT_FSIZE, (limit, most))
            assert client.post("/bookings", json=slot(40)).status_code == 201
            until(lambda: httpx.get(f"{whole.url}/readyz").status_code == 200)
    finally:
        whole.stop()
    log = lines(whole)
    assert log.count(AWAY) == 1, log[-4000:]
    assert "Traceback" not in log, log[-4000:]


def test_a_database_file_has_one_server_and_is_missed(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    whole = Whole(first)
    try:
        other = subprocess.run(
            [sys.executable, "-m", "config", "serve"], cwd=ROOT, capture_output=True, text=True, check=False,
            env={**whole.env, "IZBA_DATA_DIR": str(second), "IZBA_PORT": str(whole.port + 1), "IZBA_LANGUAGE": "en",
                 "IZBA_DATABASE_URL": f"sqlite://{first / 'izba.sqlite3'}"},
        )  # fmt: skip
        assert other.returncode == 2
        assert "Another Izba runs on" in other.stderr
        assert httpx.get(f"{whole.url}/readyz").status_code == 200
        (first / "izba.sqlite3").rename(first / "elsewhere")
        ready = httpx.get(f"{whole.url}/readyz")
        assert (ready.status_code, ready.json()["code"]) == (503, "database.away")
        assert "removed or replaced" in json.dumps(ready.json())
        (first / "elsewhere").rename(first / "izba.sqlite3")
        assert httpx.get(f"{whole.url}/readyz").status_code == 200
    finally:
        whole.stop()


def test_a_copy_of_a_damaged_database_is_not_called_good(tmp_path: Path) -> None:
    whole = Whole(tmp_path)
    whole.stop()
    command = [sys.executable, "-m", "config", "backup"]
    env = {**whole.env, "IZBA_LANGUAGE": "en"}
    good = subprocess.run([*command, str(tmp_path / "good")], cwd=ROOT, env=env, capture_output=True, text=True)
    assert good.returncode == 0, good.stderr
    assert sorted(path.name for path in tmp_path.glob("good*")) == ["good"]
    assert '"is_damaged":false' in (whole.home / NAME).read_text()
    shutil.copy(tmp_path / "izba.sqlite3", tmp_path / "whole")
    with open(tmp_path / "izba.sqlite3", "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096 * 8)
    bad = subprocess.run([*command, str(tmp_path / "bad")], cwd=ROOT, env=env, capture_output=True, text=True)
    assert bad.returncode == 2
    assert "could not be restored" in bad.stderr
    assert '"is_damaged":true' in (whole.home / NAME).read_text(), "the page of who runs Izba says so"
    shutil.copy(tmp_path / "whole", tmp_path / "izba.sqlite3")
    altered = sqlite3.connect(tmp_path / "izba.sqlite3")
    altered.execute("UPDATE history_entry SET action = 'other' WHERE id = (SELECT max(id) FROM history_entry)")
    altered.commit()
    altered.close()
    untrue = subprocess.run([*command, str(tmp_path / "untrue")], cwd=ROOT, env=env, capture_output=True, text=True)
    assert (untrue.returncode, "history was altered" in untrue.stderr) == (2, True)
