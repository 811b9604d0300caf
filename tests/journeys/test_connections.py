"""Who connects and says nothing, or never ends what he says, keeps nobody out."""

import resource
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.journeys.whole import Whole, until

HALF = b"POST /api/v1/bookings HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    server = Whole(tmp_path_factory.mktemp("connections"))
    yield server
    server.stop()


def connected(whole: Whole, words: bytes = b"") -> socket.socket:
    one = socket.create_connection(("127.0.0.1", whole.port), timeout=30)
    if words:
        one.sendall(words)
    return one


def is_closed(one: socket.socket) -> bool:
    one.setblocking(False)
    try:
        return one.recv(4096) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_the_limit_of_descriptors_is_raised_at_the_start(whole: Whole) -> None:
    soft, hard = resource.prlimit(whole.process.pid, resource.RLIMIT_NOFILE)
    assert soft == hard or soft >= 65_536


def test_silent_sockets_and_half_requests_end_and_keep_nobody_out(whole: Whole) -> None:
    before = resource.prlimit(whole.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(whole.process.pid, resource.RLIMIT_NOFILE, (256, before[1]))
    crowd: list[socket.socket] = []
    try:
        for number in range(400):
            crowd.append(connected(whole, HALF if number % 2 else b""))
            if not number % 50:
                assert httpx.get(f"{whole.url}/healthz", timeout=10).status_code == 200
        with whole.client() as client:
            began = time.monotonic()
            assert client.get("/rooms").status_code == 200
            assert time.monotonic() - began < 5
        assert until(lambda: all(is_closed(one) for one in crowd), 40) < 40
    finally:
        resource.prlimit(whole.process.pid, resource.RLIMIT_NOFILE, before)
        for one in crowd:
            one.close()


def test_a_request_that_comes_piece_by_piece_in_time_is_answered(whole: Whole) -> None:
    with connected(whole) as one:
        for piece in (b"GET /healthz HT", b"TP/1.1\r\nHo", b"st: 127.0.0.1\r\n\r\n"):
            one.sendall(piece)
        assert answer_of(one).startswith(b"HTTP/1.1 200")
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert answer_of(one).startswith(b"HTTP/1.1 200"), "on the same connection"


def answer_of(one: socket.socket) -> bytes:
    """The whole answer of /healthz: its head and its body may come apart."""
    answer = b""
    while not answer.endswith(b"}"):
        answer += one.recv(4096)
    return answer
