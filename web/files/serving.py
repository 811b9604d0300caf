"""Contents as they leave: never run, never guessed at, asked for again only to be told that they are the same."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from registry.files.models import Attachment
from registry.files.queries import content_of, thumbnail_of
from registry.files.rules import JPEG, PICTURES

# beside the site's own policy: whatever a browser takes it for, it has no script, no form and no origin
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
# whoever may no longer see it is told so soon
CACHING = "private, max-age=300"


async def file_response(request: Request, attachment: Attachment) -> Response:
    """The file: a picture to look at, all else to save. Raises NotFound("file.gone")."""
    tag, file = f'"{attachment.file.digest}"', attachment.file
    headers = _headers(tag, attachment.name, "inline" if file.media_type in PICTURES else "attachment")
    if _has(request, tag):
        return Response(status_code=304, headers=headers)
    pieces = await content_of(file)
    return _stream(pieces, headers | {"content-length": str(file.size)}, file.media_type)


async def thumbnail_response(request: Request, attachment: Attachment, size: int) -> Response:
    """The small picture. Raises NotFound: file.no_thumbnail, file.gone."""
    tag = f'"{attachment.file.digest}-{size}"'
    headers = _headers(tag, f"{attachment.name.rpartition('.')[0]}-{size}.jpg", "inline")
    if _has(request, tag) and attachment.file.media_type in PICTURES:
        return Response(status_code=304, headers=headers)
    return _stream(await thumbnail_of(attachment.file, size), headers, JPEG)


def _stream(pieces: AsyncIterator[bytes], headers: dict[str, str], media_type: str) -> Response:
    return StreamingResponse(pieces, headers=headers, media_type=media_type)


def _headers(tag: str, name: str, way: str) -> dict[str, str]:
    plain = "".join(letter if letter.isascii() and letter not in '"\\%' else "_" for letter in name)
    return {
        "etag": tag,
        "cache-control": CACHING,
        "content-security-policy": SANDBOX,
        "cross-origin-resource-policy": "same-origin",
        "content-disposition": f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
    }


def _has(request: Request, tag: str) -> bool:
    return tag in (one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(","))
