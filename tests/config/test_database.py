"""Opening and closing the register."""

import asyncio
from pathlib import Path

from config.database import database, migrate
from registry.rooms.models import Site


async def test_a_closed_database_is_one_file(tmp_path: Path) -> None:
    """Whoever copies it then has all of it: the log is copied back when the last connection closes."""
    url = f"sqlite://{tmp_path}/izba.sqlite3"
    async with database(url) as context:
        await migrate(context, url)
    for number in range(25):
        async with database(url):
            await Site.create(code=f"site-{number}", name="Site")
            await asyncio.gather(*(Site.all().count() for _ in range(3)))
        assert not list(tmp_path.glob("*-wal")), number
