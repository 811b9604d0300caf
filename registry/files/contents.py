"""Where contents lie: a directory beside the database, or a bucket that speaks S3. Written whole or not at all."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from registry.core.context import PerRegister
from registry.core.errors import NotFound, Unavailable
from registry.core.system_reasons import system_reason

CHUNK = 262_144


class Contents(Protocol):
    """Bytes by key, like ``ab/cdef…``. What is under a key never changes: the key is a digest of it."""

    async def put(self, key: str, content: bytes) -> None:
        """Store a content for good, also where it is there already. Raises Unavailable("file.not_stored")."""

    async def open(self, key: str) -> AsyncIterator[bytes]:
        """The bytes in pieces. Raises NotFound("file.gone"), Unavailable("file.not_stored")."""

    async def discard(self, key: str, before: datetime) -> bool:
        """Remove it, if it is there and was stored before this moment. Returns whether it was."""

    def keys_before(self, moment: datetime) -> AsyncIterator[str]:
        """The keys of all that was stored before a moment; also of what was never stored whole."""


class DirectoryContents:
    """Files below a directory, readable by their owner alone."""

    def __init__(self, home: Path) -> None:
        self.home = home

    async def put(self, key: str, content: bytes) -> None:
        try:
            await asyncio.to_thread(self._write, self.home / key, content)
        except OSError as fault:
            raise Unavailable("file.not_stored", reason=system_reason(fault)) from fault

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name too stands on the disk
        finally:
            os.close(folder)

    async def open(self, key: str) -> AsyncIterator[bytes]:
        try:
            file = await asyncio.to_thread((self.home / key).open, "rb")
        except FileNotFoundError as fault:
            raise NotFound("file.gone") from fault
        except OSError as fault:
            raise Unavailable("file.not_stored", reason=system_reason(fault)) from fault

        async def pieces() -> AsyncIterator[bytes]:
            with file:
                while piece := await asyncio.to_thread(file.read, CHUNK):
                    yield piece

        return pieces()

    async def discard(self, key: str, before: datetime) -> bool:
        return await asyncio.to_thread(self._remove, self.home / key, before)

    def _remove(self, path: Path, before: datetime) -> bool:
        try:
            if _stored_at(path.stat()) >= before:
                return False
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    async def keys_before(self, moment: datetime) -> AsyncIterator[str]:
        for folder in await asyncio.to_thread(self._folders):
            for key in await asyncio.to_thread(self._keys, folder, moment):
                yield key

    def _folders(self) -> list[Path]:
        return sorted(path for path in self.home.glob("*") if path.is_dir())

    def _keys(self, folder: Path, moment: datetime) -> list[str]:
        keys = []
        for entry in os.scandir(folder):
            try:
                at = _stored_at(entry.stat())
            except FileNotFoundError:  # removed meanwhile
                continue
            if at < moment:
                keys.append(f"{folder.name}/{entry.name}")
        return keys


def _stored_at(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(status.st_mtime, UTC)


def _nowhere() -> Contents:
    raise RuntimeError("nobody said where contents lie: the composition root calls contents.use()")


_in_use: PerRegister[Contents] = PerRegister(_nowhere)


def in_use() -> Contents:
    """Where the open register keeps its contents."""
    return _in_use.value


def use(contents: Contents) -> None:
    """From now on keep contents there."""
    _in_use.value = contents


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    """A content that is opened, as one."""
    return b"".join([piece async for piece in pieces])
