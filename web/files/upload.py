"""Files as forms bring them. They are read once it is known who sends them, and one after another: of all that a form
brings one content at most is in memory.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile

from registry.core.errors import Invalid
from web.files.shapes import FileForm
from web.kit.body import check
from web.kit.render import pages_of

MANY = 50


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as it was sent; its name is what its sender calls it."""

    content: bytes
    name: str


@dataclass(frozen=True, slots=True)
class SentFiles:
    """The files of one form, not read yet, with what stands beside them."""

    uploads: tuple[UploadFile, ...]
    form: FileForm


@asynccontextmanager
async def sent_files(request: Request, at_most: int = MANY) -> AsyncIterator[SentFiles]:
    """They can be read inside. Raises Invalid("request.missing_field") without any."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Invalid("request.missing_field", field="file")
    async with request.form(max_files=at_most, max_fields=8) as form:
        uploads = [upload for upload in form.getlist("file") if isinstance(upload, UploadFile) and upload.filename]
        if not uploads:
            raise Invalid("request.missing_field", field="file")
        words = {name: value for name in ("kind", "title") if isinstance(value := form.get(name), str)}
        about = check(FileForm, words)
        yield SentFiles(tuple(uploads), about)


def largest_of(request: Request) -> int:
    """The bytes that one file may have."""
    return pages_of(request).options.max_file_bytes


async def read_file(upload: UploadFile, largest: int) -> SentFile:
    """One of them. Raises Invalid("file.too_large")."""
    name = " ".join((upload.filename or "").replace("\\", "/").rsplit("/", 1)[-1].split())[:200] or "file"
    if upload.size is not None and upload.size > largest:
        raise Invalid("file.too_large", name=name, limit=largest // 1_000_000)
    return SentFile(await upload.read(), name)
