"""600 labels through ``GET /labels.pdf``: from the request to the last byte, while somebody else asks all the time."""

import statistics
import time
from datetime import UTC, datetime
from decimal import Decimal

import httpx

from benchmarks.office import office
from benchmarks.photo import Bystander
from benchmarks.table import Row
from config.database import database
from registry.assets.actions import NewAsset, register_together
from registry.core.history import SYSTEM
from registry.labels.faces import address_of, code_svg
from registry.people.models import Person, Role
from registry.rooms.models import Room

MANY, TIMES, BAR = 600, 5, 1.5


async def stock(url: str, many: int) -> list[int]:
    """Pieces with a label each, and somebody who prints them. Returns their ids."""
    async with database(url):
        await Person.filter(login="user00").update(role=Role.FACILITIES)
        room = await Room.filter().first()
        pieces = [
            NewAsset(
                f"Krzesło konferencyjne {n % 40}", Decimal(400), f"KPUW/013/808/{n:05}/26", room_id=room and room.id
            )
            for n in range(many)
        ]
        return [asset.id for asset in await register_together(pieces, SYSTEM, datetime.now(UTC))]


def main() -> list[Row]:
    with office(fill=("benchmarks.labels", "stock", MANY)) as server:
        query = f"ids={','.join(str(number) for number in range(1, MANY + 1))}&format=a4-24"
        headers = {"authorization": f"Bearer {server.tokens[0]}"}
        seconds: list[float] = []
        address = f"http://127.0.0.1:{server.port}/api/v1"
        with httpx.Client(base_url=address, headers=headers, timeout=60) as client, Bystander(server.port) as bystander:
            quiet = bystander.worst(1.0)
            for _ in range(TIMES):
                start = time.perf_counter()
                answer = client.get(f"/labels.pdf?{query}")
                seconds.append(time.perf_counter() - start)
                assert answer.status_code == 200, answer.text
                assert answer.content.startswith(b"%PDF-")
            wait = bystander.worst()
    start = time.perf_counter()
    for number in range(MANY):
        code_svg(address_of("https://izba.example", f"{number:07}"))
    floor = time.perf_counter() - start
    took = statistics.median(seconds)
    return [
        Row(
            f"{MANY} labels to PDF, over HTTP",
            f"{took:.2f} s ({min(seconds):.2f}–{max(seconds):.2f}); somebody else waited {wait * 1000:.0f} ms at most",
            f"the codes alone {floor:.2f} s; somebody else without it {quiet * 1000:.0f} ms at most",
            f"< {BAR} s",
            took < BAR,
        )
    ]


if __name__ == "__main__":
    print(main())
