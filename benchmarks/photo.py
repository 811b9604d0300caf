"""A photo of 12 megapixels through ``POST /assets/{id}/files``, stored with its thumbnails; somebody else asks all the
time.
"""

import io
import socket
import statistics
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from types import TracebackType

import httpx
from PIL import Image

from benchmarks.office import office
from benchmarks.table import Row
from config.database import database
from registry.assets.actions import NewAsset, register_together
from registry.core.history import SYSTEM
from registry.files.pictures import picture_of
from registry.files.rules import JPEG
from registry.people.models import Person, Role

SIZE, TIMES, BAR, WAIT_BAR = (4000, 3000), 5, 0.4, 0.02


class Bystander:
    """Somebody who asks for ``/healthz`` one time after the other, and how long they waited at worst."""

    def __init__(self, port: int) -> None:
        self._port, self._is_over, self._waits = port, threading.Event(), list[float]()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> "Bystander":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def worst(self, seconds: float = 0) -> float:
        """The longest wait since the last look, after waiting for so long."""
        time.sleep(seconds)
        waits, self._waits = self._waits, []
        return max(waits, default=0.0)

    def _ask(self) -> None:
        with socket.create_connection(("127.0.0.1", self._port)) as connection:
            while not self._is_over.is_set():
                start = time.perf_counter()
                connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
                connection.recv(65_536)
                self._waits.append(time.perf_counter() - start)
                time.sleep(0.002)


async def stock(url: str) -> list[int]:
    """A piece, and somebody who takes photos of it."""
    async with database(url):
        await Person.filter(login="user00").update(role=Role.FACILITIES)
        piece = NewAsset("Krzesło konferencyjne", Decimal(400))
        return [asset.id for asset in await register_together([piece], SYSTEM, datetime.now(UTC))]


def photo(number: int) -> bytes:
    """A picture with as much in it as a photo has, another one for each number."""
    noise = Image.effect_noise((SIZE[0] // 8, SIZE[1] // 8), 60 + number).resize(SIZE, Image.Resampling.BICUBIC)
    gradient = Image.linear_gradient("L").resize(SIZE)
    out = io.BytesIO()
    Image.merge("RGB", (noise, gradient, noise.rotate(180))).save(out, "JPEG", quality=90)
    return out.getvalue()


def main() -> list[Row]:
    photos = [photo(number) for number in range(TIMES + 1)]
    seconds, alone = list[float](), list[float]()
    for content in photos[:3]:
        start = time.perf_counter()
        picture_of(content, JPEG)
        alone.append(time.perf_counter() - start)
    with office(fill=("benchmarks.photo", "stock")) as server:
        headers = {"authorization": f"Bearer {server.tokens[0]}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}/api/v1", headers=headers, timeout=60) as client:
            _send(client, photos[0])  # Pillow is loaded by the first
            with Bystander(server.port) as bystander:
                quiet = bystander.worst(1.0)
                for content in photos[1:]:
                    seconds.append(_send(client, content))
                wait = bystander.worst()
    took = statistics.median(seconds)
    return [
        Row(
            f"a photo of 12 MP ({len(photos[0]) / 1e6:.1f} MB), stored with its thumbnails",
            f"{took * 1000:.0f} ms ({min(seconds) * 1000:.0f}–{max(seconds) * 1000:.0f}); somebody else waited"
            f" {wait * 1000:.0f} ms at most",
            f"the picture alone {statistics.median(alone) * 1000:.0f} ms; somebody else without it"
            f" {quiet * 1000:.0f} ms at most",
            f"< {BAR * 1000:.0f} ms, nobody else waits {WAIT_BAR * 1000:.0f} ms",
            took < BAR and wait < WAIT_BAR,
        )
    ]


def _send(client: httpx.Client, content: bytes) -> float:
    start = time.perf_counter()
    answer = client.post("/assets/1/files", files={"file": ("a.jpg", content)})
    assert answer.status_code == 201, answer.text
    return time.perf_counter() - start


if __name__ == "__main__":
    print(main())
