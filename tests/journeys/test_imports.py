"""An import and its undo in a whole Izba that is killed in the middle: both go on by themselves, to their end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.whole import Whole, until

ROWS = 6_000  # several lots, so that the kill comes in the middle


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    server = Whole(tmp_path)
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
    number = ask(whole, "POST", "/imports", files=file)["id"]
    answer = ask(whole, "POST", f"/imports/{number}/commit")
    until(lambda: registered(whole) > 0)
    whole.kill()
    assert answer["status"] == "writing", "it is answered before it is at its end"
    whole.start()
    until(lambda: state(whole, number) == "written")
    assert (registered(whole), ask(whole, "GET", f"/imports/{number}")["written"]) == (ROWS, ROWS)
    ask(whole, "POST", f"/imports/{number}/undo")
    until(lambda: registered(whole) < ROWS)
    whole.kill()
    whole.start()
    until(lambda: state(whole, number) == "undone")
    assert (registered(whole), ask(whole, "GET", f"/imports/{number}")["written"]) == (0, 0)
