"""An import and its undo in a whole Izba that is killed in the middle: both go on by themselves, to their end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.halting import HALT, LOT
from tests.journeys.whole import Whole, until

ROWS = 3 * LOT


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    server = Whole(tmp_path, module="tests.journeys.halting")
    yield server
    server.stop()


def ask(whole: Whole, method: str, path: str, **more: Any) -> dict[str, Any]:
    with whole.client("facilities") as client:
        answer = client.request(method, path, **more)
    assert answer.status_code < 300, answer.text
    report: dict[str, Any] = answer.json()
    return report


def registered(whole: Whole) -> int:
    return int(ask(whole, "GET", "/assets", params={"q": "ZZ-", "limit": 1})["total"])


def state(whole: Whole, number: str) -> str:
    return str(ask(whole, "GET", f"/imports/{number}")["status"])


def test_a_kill_in_the_middle_of_an_import_and_of_its_undo_leaves_nothing_half(whole: Whole) -> None:
    rows = "".join(f"ZZ-{number};Krzesło {number % 77};100,00;PP-02\n" for number in range(ROWS))
    file = {"file": ("lista.csv", f"Nr inw.;Nazwa;Wartość;Pokój\n{rows}".encode())}
    number, halt = ask(whole, "POST", "/imports", files=file)["id"], whole.home / HALT
    for act, status, end, after_a_lot in (
        ("commit", "writing", "written", LOT),
        ("undo", "undoing", "undone", ROWS - LOT),
    ):
        halt.touch()
        answer = ask(whole, "POST", f"/imports/{number}/{act}")
        assert answer["status"] == status, "it is answered before it is at its end"
        until(lambda many=after_a_lot: registered(whole) == many)
        assert state(whole, number) == status, "it is killed in the middle"
        whole.kill()
        halt.unlink()
        whole.start()
        until(lambda last=end: state(whole, number) == last)
        many = ROWS if end == "written" else 0
        assert (registered(whole), ask(whole, "GET", f"/imports/{number}")["written"]) == (many, many)
