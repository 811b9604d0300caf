"""Files as the API takes and tells them."""

from typing import Annotated

from pydantic import BaseModel, Field

from registry.files.models import Attachment, AttachmentKind
from registry.files.rules import PICTURES
from web.kit.answers import Instant
from web.kit.body import LINE, MAY_BE_EMPTY, Body, Changes, RecordId, YesNo, file_form, left_out
from web.kit.routing import PREFIX

FORM = file_form(
    file={"type": "string", "format": "binary", "description": "JPEG, PNG, WebP, GIF or PDF, by its content"},
    kind={
        "type": "string",
        "enum": list(AttachmentKind),
        "description": "without it a picture is a photo, all else is other",
    },
    title={"type": "string", "maxLength": 200},
)


class FileForm(Body):
    """What stands beside the file in the form that brings it."""

    kind: Annotated[AttachmentKind | None, MAY_BE_EMPTY] = None
    title: Annotated[str, Field(max_length=200), LINE] = ""


class AttachBody(Body):
    """On which other assets a file is to be, too."""

    assets: Annotated[list[RecordId], Field(min_length=1, max_length=1000)]


class FileChangesBody(Changes):
    kind: AttachmentKind = left_out()
    title: Annotated[str, Field(max_length=200), LINE] = left_out()
    on_all: Annotated[YesNo, Field(description="on the other pieces that have it as the same, too")] = left_out()


class FileAnswer(BaseModel):
    id: int
    object: str = Field(description="what it is attached to: asset:12")
    kind: AttachmentKind
    title: str
    name: str
    media_type: str = Field(description="by its content; a picture's EXIF is gone")
    size: int = Field(description="bytes")
    width: int | None
    height: int | None
    sha256: str
    added_by: str
    added_at: Instant
    revision: int
    url: str
    thumbnail_url: str | None


class FilesAnswer(BaseModel):
    """All files of one thing."""

    items: list[FileAnswer]
    next: str | None = None
    total: int


def file_answer(attachment: Attachment) -> FileAnswer:
    """One attachment as the API tells it."""
    file, url = attachment.file, f"{PREFIX}/files/{attachment.id}"
    return FileAnswer(
        id=attachment.id,
        object=attachment.object,
        kind=attachment.kind,
        title=attachment.title,
        name=attachment.name,
        media_type=file.media_type,
        size=file.size,
        width=file.width,
        height=file.height,
        sha256=file.digest,
        added_by=attachment.added_by,
        added_at=attachment.added_at,
        revision=attachment.revision,
        url=url,
        thumbnail_url=f"{url}/thumbnail" if file.media_type in PICTURES else None,
    )


def files_answer(attachments: list[Attachment]) -> FilesAnswer:
    items = [file_answer(attachment) for attachment in attachments]
    return FilesAnswer(items=items, total=len(items))
