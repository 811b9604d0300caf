"""What a file may be: by its first bytes, never by its name; what it is called; who may see it. Pure."""

import re
from collections.abc import Iterable

from registry.files.models import AttachmentKind

JPEG, PNG, WEBP, GIF, PDF = "image/jpeg", "image/png", "image/webp", "image/gif", "application/pdf"
EXTENSIONS = {JPEG: ".jpg", PNG: ".png", WEBP: ".webp", GIF: ".gif", PDF: ".pdf"}
PICTURES = frozenset({JPEG, PNG, WEBP, GIF})
# of whole megapixels the largest that telephones take; a row of bytes for each would not fit into the memory we allow
LARGEST_PICTURE = 52_000_000
# the longer side of the small ones that pages show, in pixels
THUMBNAILS = (160, 480, 1600)
# what tells prices or whom money went to: for who counts money
MONEY_KINDS = frozenset({AttachmentKind.INVOICE, AttachmentKind.PROTOCOL})
AT_MOST = 100  # of one thing
_HEIC = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')
NAME_LENGTH = 150


def media_type(content: bytes) -> str | None:
    """What a content is by its first bytes; None for all that is not taken."""
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    if content.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    return PDF if content.startswith(b"%PDF-") else None


def is_heic(content: bytes) -> bool:
    """Whether it is a picture as some telephones keep it, which no browser but theirs shows."""
    return content[4:8] == b"ftyp" and content[8:12] in _HEIC


def safe_name(name: str, kind_of_content: str) -> str:
    """A file's name without a path and without what a system or a header would read as more than a name; its ending is
    that of its content.
    """
    plain = _UNSAFE.sub(" ", name.replace("\\", "/").rsplit("/", 1)[-1])
    plain = "".join(letter for letter in plain if letter.isprintable())
    ending = EXTENSIONS[kind_of_content]
    stem, dot, last = plain.rpartition(".")
    stem = " ".join((stem if dot and len(last) <= 5 else plain).split()).strip(" .")
    return f"{stem[:NAME_LENGTH].rstrip(' .') or 'file'}{ending}"


def content_key(digest: str) -> str:
    """Where a content lies: 256 folders, so that none holds all of them."""
    return f"{digest[:2]}/{digest[2:]}"


def thumbnail_key(digest: str, size: int) -> str:
    """Where the small one of a picture lies, beside it."""
    return f"{content_key(digest)}.{size}.jpg"


def digest_of_key(key: str) -> str:
    """The digest of the content that a key, its own or a thumbnail's, belongs to; nothing for another name."""
    name = key.replace("/", "", 1).partition(".")[0]
    return name if re.fullmatch(r"[0-9a-f]{64}", name) else ""


def keys_of(digest: str, media: str) -> list[str]:
    """All that is stored of a content."""
    small = [thumbnail_key(digest, size) for size in THUMBNAILS] if media in PICTURES else []
    return [content_key(digest), *small]


def thumbnail_size(wish: int) -> int:
    """The smallest kept size that is not smaller than what is asked for, or the largest."""
    return next((size for size in THUMBNAILS if size >= wish), THUMBNAILS[-1])


def visible_kinds(counts_money: bool) -> frozenset[AttachmentKind]:
    """The kinds that somebody sees who does or does not count money."""
    return frozenset(AttachmentKind) - (frozenset() if counts_money else MONEY_KINDS)


def shown_kind(kind: AttachmentKind | str | None, media: str) -> AttachmentKind:
    """The kind that was chosen; without one a picture is a photo, and nothing but a picture is."""
    if not kind:
        return AttachmentKind.PHOTO if media in PICTURES else AttachmentKind.OTHER
    attachment_kind = AttachmentKind(kind)
    return (
        AttachmentKind.OTHER if attachment_kind is AttachmentKind.PHOTO and media not in PICTURES else attachment_kind
    )


def kind_fault(kind: AttachmentKind, media: str) -> str:
    """The code that refuses to call a stored content so; nothing where it may be."""
    return "file.no_photo" if kind is AttachmentKind.PHOTO and media not in PICTURES else ""


def without_metadata(content: bytes, media: str) -> bytes:
    """A PNG or WebP without what tells where, when and with what it was taken, its pixels as they are."""
    return _of_png(content) if media == PNG else _of_webp(content)


_PNG_PARTS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"pHYs"})
_WEBP_PARTS = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"})


def _of_png(content: bytes) -> bytes:
    parts, place = [content[:8]], 8
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        name, end = content[place + 4 : place + 8], place + 12 + length
        if name in _PNG_PARTS:
            parts.append(content[place:end])
        if name == b"IEND":
            break
        place = end
    return b"".join(parts)


def _of_webp(content: bytes) -> bytes:
    parts: list[bytes] = []
    for name, part in _riff_parts(content):
        if name == b"VP8X":  # its flags of EXIF (8) and XMP (4) go with them
            part = part[:8] + bytes([part[8] & ~0x0C]) + part[9:]
        if name in _WEBP_PARTS:
            parts.append(part)
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _riff_parts(content: bytes) -> Iterable[tuple[bytes, bytes]]:
    place = 12
    while place + 8 <= len(content):
        length = int.from_bytes(content[place + 4 : place + 8], "little")
        end = place + 8 + length + length % 2
        yield content[place : place + 4], content[place:end]
        place = end
