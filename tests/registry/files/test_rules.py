"""What a file is, what it is called and what is left of it: tables, no database."""

import io
import struct
import zlib

import pytest
from PIL import Image

from registry.files import rules
from registry.files.models import AttachmentKind
from tests.make import drawing

SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b"\xff\xd8\xff\xe0...", rules.JPEG),
        (b"\x89PNG\r\n\x1a\n...", rules.PNG),
        (b"RIFF\x10\0\0\0WEBPVP8 ", rules.WEBP),
        (b"GIF89a", rules.GIF),
        (b"GIF87a", rules.GIF),
        (b"%PDF-1.7\n", rules.PDF),
        (b"RIFF\x10\0\0\0WAVE", None),
        (SVG, None),
        (b"<!doctype html><script>alert(1)</script>", None),
        (b"  %PDF-1.7", None),
        (b"PK\x03\x04", None),
        (b"", None),
    ],
)
def test_a_file_is_what_it_begins_with(content: bytes, media: str | None) -> None:
    assert rules.media_type(content) == media


@pytest.mark.parametrize(("brand", "yes"), [(b"heic", True), (b"mif1", True), (b"avif", True), (b"mp42", False)])
def test_a_telephone_s_own_format_is_known(brand: bytes, yes: bool) -> None:
    assert rules.is_heic(b"\0\0\0\x18ftyp" + brand) is yes


@pytest.mark.parametrize(
    ("name", "media", "safe"),
    [
        ("zdjęcie.jpeg", rules.JPEG, "zdjęcie.jpg"),
        ("../../etc/passwd", rules.PNG, "passwd.png"),
        ("C:\\skany\\FV 1.PDF", rules.PDF, "FV 1.pdf"),
        ("faktura.pdf.html", rules.PDF, "faktura.pdf.pdf"),
        ("<script>.png", rules.PNG, "script.png"),
        ('a"b\r\nc.png', rules.PNG, "a b c.png"),
        ("", rules.PNG, "file.png"),
        (".png", rules.PNG, "file.png"),
        ("Umowa nr 12.2026", rules.PDF, "Umowa nr 12.pdf"),
        ("x" * 300 + ".png", rules.PNG, "x" * 150 + ".png"),
        ("evil\u202egnp.exe", rules.PNG, "evilgnp.png"),
    ],
)
def test_a_name_is_made_safe_and_ends_as_its_content(name: str, media: str, safe: str) -> None:
    assert rules.safe_name(name, media) == safe


def test_a_content_lies_under_its_digest() -> None:
    digest = "ab" + "0" * 62
    assert rules.content_key(digest) == "ab/" + "0" * 62
    assert rules.keys_of(digest, rules.PDF) == [rules.content_key(digest)]
    assert len(rules.keys_of(digest, rules.PNG)) == 1 + len(rules.THUMBNAILS)
    for key in rules.keys_of(digest, rules.PNG):
        assert rules.digest_of_key(key) == digest
    assert rules.digest_of_key("ab/.tmp1234") == ""


@pytest.mark.parametrize(("wish", "size"), [(1, 160), (160, 160), (161, 480), (1600, 1600), (9000, 1600)])
def test_a_small_picture_is_at_least_as_large_as_asked(wish: int, size: int) -> None:
    assert rules.thumbnail_size(wish) == size


def test_what_tells_of_money_is_for_who_counts_it() -> None:
    assert rules.visible_kinds(True) == frozenset(AttachmentKind)
    assert rules.visible_kinds(False) == frozenset(AttachmentKind) - {"invoice", "protocol"}


@pytest.mark.parametrize(
    ("kind", "media", "result"),
    [
        (None, rules.JPEG, "photo"),
        ("", rules.PDF, "other"),
        ("photo", rules.PDF, "other"),
        ("invoice", rules.JPEG, "invoice"),
        (AttachmentKind.MANUAL, rules.PDF, "manual"),
    ],
)
def test_a_paper_is_no_photo(kind: str | None, media: str, result: str) -> None:
    assert rules.shown_kind(kind, media) == result


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def test_a_png_loses_what_it_tells_beside_its_pixels() -> None:
    plain = drawing()
    head, rest = plain[:33], plain[33:]
    telling = head + _chunk(b"tEXt", b"Author\0KANAREK") + _chunk(b"eXIf", b"KANAREK") + rest + b"KANAREK"
    assert rules.without_metadata(telling, rules.PNG) == plain


def test_a_webp_loses_what_it_tells_beside_its_pixels() -> None:
    exif = Image.Exif()
    exif[0x010E] = "KANAREK"
    telling = drawing(kind="WEBP", exif=exif, xmp=b"KANAREK")
    assert b"KANAREK" in telling
    quiet = rules.without_metadata(telling, rules.WEBP)
    assert b"KANAREK" not in quiet
    with Image.open(io.BytesIO(quiet)) as image:
        image.load()
        assert (image.size, len(image.getexif())) == ((40, 30), 0)


def test_a_picture_that_ends_too_early_loses_nothing_that_it_has() -> None:
    assert rules.without_metadata(drawing()[:-12], "image/png") == drawing()[:-12]


def test_nothing_but_a_picture_is_a_photo() -> None:
    assert rules.kind_fault(AttachmentKind.PHOTO, rules.PDF) == "file.no_photo"
    assert not rules.kind_fault(AttachmentKind.PHOTO, rules.PNG)
    assert not rules.kind_fault(AttachmentKind.INVOICE, rules.PNG)
