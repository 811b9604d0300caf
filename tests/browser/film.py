"""What a camera of the tests sees: labels, drawn as they are printed, one after the other, as a film for Chromium."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image

WIDTH, HEIGHT, RATE = 640, 480, 10
SECONDS = 2
ARGUMENTS = ("--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


def film(path: Path, texts: Sequence[str]) -> list[str]:
    """Write a film in which each text is shown as a QR code for two seconds; what starts Chromium with it."""
    with path.open("wb") as file:
        file.write(b"YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n" % (WIDTH, HEIGHT, RATE))
        for text in texts:
            picture = frame(text)
            colours = b"\x80" * (WIDTH * HEIGHT // 2)
            for _ in range(SECONDS * RATE):
                file.write(b"FRAME\n" + picture + colours)
    return [*ARGUMENTS, f"--use-file-for-fake-video-capture={path}"]


def frame(text: str) -> bytes:
    """A grey room with a white label in it, a little askew."""
    room = Image.new("L", (WIDTH, HEIGHT), 120)
    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    picture: Any = symbol.to_image(scale=1, add_quiet_zones=True)  # a buffer, which its stub does not say
    side = memoryview(picture).shape[0]
    label = Image.frombytes("L", (side, side), bytes(memoryview(picture)))
    size = side * max(1, 260 // side)
    label = label.resize((size, size), Image.Resampling.NEAREST).rotate(4, expand=True, fillcolor=120)
    room.paste(label, ((WIDTH - label.width) // 2, (HEIGHT - label.height) // 2))
    return room.tobytes()
