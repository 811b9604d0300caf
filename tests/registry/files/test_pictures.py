"""Pictures as they are stored: upright, small ones beside them, nothing told, and refused within bounds."""

import io
import struct
import time
import zlib

import pytest
from PIL import Image

from registry.core.errors import Invalid
from registry.files.pictures import picture_of
from registry.files.rules import GIF, JPEG, PNG, WEBP
from tests.make import drawing


def opened(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return image


def test_a_photo_is_turned_upright_and_tells_nothing() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "KANAREK"
    picture = picture_of(drawing(400, 300, "JPEG", exif=exif, comment=b"KANAREK"), JPEG)
    image = opened(picture.content)
    assert (picture.width, picture.height) == image.size == (300, 400)
    assert len(image.getexif()) == 0
    assert b"KANAREK" not in picture.content
    corner = image.convert("RGB").getpixel((290, 10))
    assert isinstance(corner, tuple)
    assert corner[0] > corner[2], "the orange corner is at the top on the right now"


@pytest.mark.parametrize(("kind", "media", "stored"), [("PNG", PNG, PNG), ("WEBP", WEBP, WEBP), ("GIF", GIF, PNG)])
def test_other_pictures_keep_their_pixels(kind: str, media: str, stored: str) -> None:
    picture = picture_of(drawing(kind=kind), media)
    assert picture.media_type == stored
    assert opened(picture.content).size == (40, 30)


@pytest.mark.parametrize(("kind", "media", "stored"), [("PNG", PNG, PNG), ("WEBP", WEBP, JPEG)])
def test_other_pictures_are_turned_too(kind: str, media: str, stored: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = picture_of(drawing(kind=kind, exif=exif), media)
    assert (picture.media_type, picture.width, picture.height) == (stored, 30, 40)
    assert opened(picture.content).size == (30, 40)


@pytest.mark.parametrize("mode", ["RGBA", "L", "P", "I;16", "1", "LA"])
def test_a_picture_of_any_colours_gets_its_small_ones(mode: str) -> None:
    picture = picture_of(drawing(2000, 1000, mode=mode), PNG)
    sizes = {size: opened(small).size for size, small in picture.thumbnails.items()}
    assert sizes == {1600: (1600, 800), 480: (480, 240), 160: (160, 80)}


def test_a_cmyk_scan_is_shown() -> None:
    assert picture_of(drawing(kind="JPEG", mode="CMYK"), JPEG).media_type == JPEG


def test_a_small_picture_is_not_made_larger() -> None:
    assert {opened(small).size for small in picture_of(drawing(), PNG).thumbnails.values()} == {(40, 30)}


def _of_size(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(60_000, 60_000), (8_000, 7_000), (100_000, 1_000)])
def test_too_large_a_picture_is_refused_by_its_head(size: tuple[int, int]) -> None:
    before = time.perf_counter()
    with pytest.raises(Invalid) as refusal:
        picture_of(_of_size(*size), PNG)
    assert refusal.value.code == "file.too_many_pixels"
    assert time.perf_counter() - before < 0.5


def test_a_large_photo_loses_half_of_each_side() -> None:
    target = io.BytesIO()
    Image.new("L", (6400, 4800)).save(target, "JPEG")
    picture = picture_of(target.getvalue(), JPEG)
    assert (picture.width, picture.height) == (3200, 2400)


@pytest.mark.parametrize("media", [JPEG, PNG, WEBP, GIF])
def test_a_broken_picture_is_refused(media: str) -> None:
    whole = drawing(400, 300, {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP", GIF: "GIF"}[media])
    for content in (whole[: len(whole) // 2], whole[:20]):
        with pytest.raises(Invalid) as refusal:
            picture_of(content, media)
        assert refusal.value.code == "file.broken"
