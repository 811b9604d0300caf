"""Pictures: decoded within bounds, turned upright, freed of what they tell beside the picture, and made small.

For a thread: Pillow works beside the loop, and a picture of 12 megapixels takes a third of a second.
"""

import io
from dataclasses import dataclass

from PIL import Image, ImageOps

from registry.core.errors import Invalid
from registry.files.rules import GIF, JPEG, LARGEST_PICTURE, PNG, THUMBNAILS, WEBP, without_metadata

FORMATS = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP", GIF: "GIF"}
# above this a photo loses half of each side: half a gigabyte of pixels shows nothing more of a chair
LARGE = 26_000_000
ORIENTATION = 0x0112
QUALITY, SMALL_QUALITY = 90, 82
PROFILE_BYTES = 65_536
Image.MAX_IMAGE_PIXELS = LARGEST_PICTURE  # Pillow's own bound, for all of this process; ours below is told in words


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is stored. ``thumbnails`` are JPEG, by the longer side that they have at most."""

    content: bytes
    media_type: str
    width: int
    height: int
    thumbnails: dict[int, bytes]


def picture_of(content: bytes, media_type: str) -> Picture:
    """What is stored of a picture that somebody sent.

    Raises Invalid: file.too_many_pixels, before it is decoded; file.broken.
    """
    try:
        with Image.open(io.BytesIO(content), formats=[FORMATS[media_type]]) as image:
            _check_size(image)
            if media_type == JPEG and image.width * image.height > LARGE:
                image.draft(None, (image.width // 2, image.height // 2))
            image.load()
            return _stored(image, content, media_type)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        raise _too_large() from fault
    except Invalid:
        raise
    except Exception as fault:  # whatever a decoder stumbles over: the file is a stranger's
        raise Invalid("file.broken") from fault


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > LARGEST_PICTURE:
        raise _too_large()


def _too_large() -> Invalid:
    return Invalid("file.too_many_pixels", limit=LARGEST_PICTURE // 1_000_000)


def _stored(image: Image.Image, content: bytes, media_type: str) -> Picture:
    is_turned = image.getexif().get(ORIENTATION, 1) not in (0, 1)
    upright = ImageOps.exif_transpose(image) if is_turned else image
    flat = _flat(upright)
    if media_type in (PNG, WEBP) and not is_turned:
        kept_type, kept_content = media_type, without_metadata(content, media_type)
    elif media_type in (GIF, PNG):
        kept_type, kept_content = PNG, _encoded(upright.convert("RGBA"), "PNG", compress_level=3)
    else:
        kept_type, kept_content = JPEG, _encoded(flat, "JPEG", quality=QUALITY, icc_profile=_profile(image))
    return Picture(kept_content, kept_type, upright.width, upright.height, _thumbnails(flat, _profile(image)))


def _profile(image: Image.Image) -> bytes | None:
    profile: bytes | None = image.info.get("icc_profile")
    return profile if profile and len(profile) <= PROFILE_BYTES else None


def _flat(image: Image.Image) -> Image.Image:
    """In colours alone: what shows through becomes white."""
    if image.mode in ("RGB", "L"):
        flat = image.copy()
    elif image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        shape = image.convert("RGBA")
        flat = Image.new("RGB", image.size, "white")
        flat.paste(shape, mask=shape.getchannel("A"))
    else:
        flat = image.convert("RGB")
    flat.info = {}
    return flat


def _encoded(image: Image.Image, name: str, **options: object) -> bytes:
    image.info = {}
    target = io.BytesIO()
    image.save(target, name, **options)
    return target.getvalue()


def _thumbnails(flat: Image.Image, profile: bytes | None) -> dict[int, bytes]:
    """From the largest to the smallest, each out of the one before."""
    thumbnails: dict[int, bytes] = {}
    for size in sorted(THUMBNAILS, reverse=True):
        longer = max(flat.size)
        if longer > size:
            sides = (max(flat.width * size // longer, 1), max(flat.height * size // longer, 1))
            flat = flat.resize(sides, Image.Resampling.BICUBIC, reducing_gap=2.0)
        thumbnails[size] = _encoded(flat, "JPEG", quality=SMALL_QUALITY, icc_profile=profile)
    return thumbnails
