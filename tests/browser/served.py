"""A site on a real port with a real database file, in a thread of its own: what a browser test opens."""

import asyncio
import shutil
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

import config.database
from registry.files import contents
from registry.files.contents import DirectoryContents
from registry.people.models import Role, Session
from registry.people.queries import digest_of
from tests import make
from web.app import SiteOptions, create_site

Furnish = Callable[[str], Awaitable[None]]


@contextmanager
def served(template: Path, folder: Path, furnish: Furnish, **options: Any) -> Iterator[str]:
    """The address of a site whose database is a copy of the template, filled by ``furnish(address)`` before the first
    request, in the loop that serves.
    """
    path = folder / "izba.sqlite3"
    shutil.copy(template, path)
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = create_site(
        SiteOptions(secret_key="k" * 40, data_dir=folder, base_url=url, **options), _lifespan(path, furnish, url)
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        while not server.started and thread.is_alive():
            threading.Event().wait(0.02)
        assert server.started
        yield url
    finally:
        server.should_exit = True
        thread.join(60)
        listener.close()


def _lifespan(path: Path, furnish: Furnish, url: str) -> Callable[[FastAPI], AbstractAsyncContextManager[Any]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> Any:
        async with config.database.database(f"sqlite://{path}"):
            contents.use(DirectoryContents(path.parent / "files"))
            await furnish(url)
            yield

    return lifespan


async def hire_everybody(now: datetime) -> None:
    """Somebody of each role, who is signed in with the cookie ``secret-<role>``."""
    for role in Role:
        person = await make.make_person(str(role), role=role)
        await Session.create(
            person=person, digest=digest_of(f"secret-{role}"), created_at=now, expires_at=now + timedelta(hours=1)
        )
