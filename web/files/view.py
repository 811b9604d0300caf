"""The photos and papers on a thing's page, as far as its reader may see them."""

from dataclasses import dataclass, field

from registry.assets.attachments import thing_of
from registry.core.errors import NotFound
from registry.files.models import Attachment, AttachmentKind
from registry.files.queries import attachments_of, removed_of, sharing
from registry.files.rules import PICTURES
from web.files.access import kinds_for
from web.files.words import KIND_SIGNS, KIND_WORDS, kind_options, renaming_options, size_words, type_words
from web.kit.page_context import PageContext
from web.kit.routing import PREFIX


@dataclass(frozen=True, slots=True)
class FileLine:
    """One file: where it opens, what it is called, what it is and on how many things it is beside this one; what its
    form holds, and the kinds that it can be.
    """

    id: int
    url: str
    small: str
    title: str
    kind: str
    about: str
    sign: str
    size: str
    width: int
    height: int
    others: int
    own_title: str
    own_kind: str
    own_kinds: list[tuple[str, str]]
    revision: int


@dataclass(frozen=True, slots=True)
class FilesView:
    """``photos`` begin with the newest, ``papers`` with the oldest. ``removed`` is what was just taken off."""

    here: str
    photos: list[FileLine]
    papers: list[FileLine]
    may_change: bool
    total: str = ""
    kinds: list[tuple[str, str]] = field(default_factory=list)
    removed: FileLine | None = None

    @property
    def count(self) -> int:
        return len(self.photos) + len(self.papers)


async def files_of_asset(asset_id: int, context: PageContext, removed: str = "") -> FilesView:
    """``removed`` is the id of what the page was led back from removing, as its address tells it."""
    thing, kinds = thing_of(asset_id), kinds_for(context.person)
    attachments = await attachments_of(thing, kinds)
    counts = await sharing([attachment.file_id for attachment in attachments]) if attachments else {}
    lines = [_line(attachment, counts.get(attachment.file_id, 1) - 1, context) for attachment in attachments]
    may_change = context.may("files.change")
    is_photo = [one.kind is AttachmentKind.PHOTO for one in attachments]
    size = sum(attachment.file.size for attachment in attachments)
    return FilesView(
        here=f"/assets/{asset_id}",
        photos=[line for line, yes in zip(lines, is_photo, strict=True) if yes][::-1],
        papers=[line for line, yes in zip(lines, is_photo, strict=True) if not yes],
        may_change=may_change,
        total=size_words(size, context) if attachments else "",
        kinds=kind_options(context) if may_change else [],
        removed=await _removed(removed, thing, context) if may_change and removed else None,
    )


async def _removed(number: str, thing: str, context: PageContext) -> FileLine | None:
    if not (number.isdecimal() and len(number) < 10):
        return None
    try:
        return _line(await removed_of(int(number), thing, kinds_for(context.person)), 0, context)
    except NotFound:
        return None


def _line(attachment: Attachment, others: int, context: PageContext) -> FileLine:
    file, is_picture = attachment.file, attachment.file.media_type in PICTURES
    when = context.fmt.when(attachment.added_at, context.now)
    return FileLine(
        id=attachment.id,
        url=f"/files/{attachment.id}",
        small=f"{PREFIX}/files/{attachment.id}/thumbnail" if is_picture else "",
        title=attachment.title or attachment.name,
        kind=context.say(KIND_WORDS[attachment.kind]),
        about=f"{type_words(file.media_type)} · {attachment.added_by}, {when}",
        sign=KIND_SIGNS.get(attachment.kind, "file-text"),
        size=size_words(file.size, context),
        width=file.width or 4,
        height=file.height or 3,
        others=others,
        own_title=attachment.title,
        own_kind=str(attachment.kind),
        own_kinds=renaming_options(file.media_type, context),
        revision=attachment.revision,
    )
