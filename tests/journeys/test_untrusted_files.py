"""A file that would harm meets a whole Izba: it is refused, the others are answered, and a stop waits for nothing."""

import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import xlsxwriter

from tests.journeys.whole import Whole


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    server = Whole(tmp_path)
    yield server
    server.stop()


def corner() -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["Nr inw.", "Nazwa"])
        page.write_string(1_048_575, 16_383, " ")
    return file.getvalue()


def send(whole: Whole, name: str, content: bytes) -> httpx.Response:
    with whole.client("facilities") as client:
        return client.post("/imports", files={"file": (name, content)})


def test_a_file_that_would_harm_is_refused_and_nobody_waits(whole: Whole) -> None:
    for name, content in (("a.xlsx", corner()), ("a.csv", b"Nr inw.;Nazwa" + b";" * 4_000_000 + b"\n1;a")):
        answer = send(whole, name, content)
        assert (answer.status_code, answer.json()["code"]) == (422, "import.unreadable")
        assert "usuń puste" in answer.json()["detail"]
        assert httpx.get(f"{whole.url}/healthz").status_code == 200


def test_a_stop_in_the_middle_of_an_import_waits_for_nothing(whole: Whole) -> None:
    rows = "".join(f"A/{number};Krzesło żółte {number % 77};100,00;PP-02\n" for number in range(90_000))
    content = f"Nr inw.;Nazwa;Wartość;Pokój\n{rows}".encode()
    answers: list[int] = []

    def sending() -> None:
        try:
            answers.append(send(whole, "a.csv", content).status_code)
        except httpx.HTTPError:
            answers.append(0)

    sender = threading.Thread(target=sending)
    sender.start()
    began = time.monotonic()
    while time.monotonic() - began < 0.5:  # it is read and judged meanwhile
        assert httpx.get(f"{whole.url}/healthz", timeout=5).status_code == 200
    assert not answers
    assert whole.stop() < 5
    sender.join()
    # it is told to come again, where it can still be told; on a quick machine it may be through just in time
    assert answers in ([503], [0], [201])
    assert "Traceback" not in (whole.home / "log").read_text()
