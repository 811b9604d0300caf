"""Labels for printers that speak ZPL II, at their own resolution. Pure."""

from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw

from registry.labels.faces import LabelFace, check_code, code_svg, star_corners
from registry.labels.formats import LabelFormat

_INCH = 25.4


def labels_zpl(faces: Sequence[LabelFace], form: LabelFormat) -> str:
    """One ``^XA … ^XZ`` a label, in UTF-8. Raises Invalid("label.code_too_small")."""
    return "".join(_label(face, form) for face in faces)


def _label(face: LabelFace, form: LabelFormat) -> str:
    check_code(face.address, form)
    dots = form.dots or 203

    def at(millimetres: float) -> int:
        return round(millimetres / _INCH * dots)

    width, height = form.label
    _, size = code_svg(face.address)
    module = max(2, min(10, at(form.qr) // size))
    left, beside = at(form.padding), at(form.padding + form.qr + 1)
    room = at(width - form.padding) - beside
    rows = [f"^FO{left},{at(form.padding)}^BQN,2,{module}^FH_^FDMA,{_plain(face.address)}^FS"]
    top, step = at(form.padding), at(4)
    for place, line in enumerate(face.lines[: form.lines + 1]):
        tall = at(3.2 if place == 0 else 2.6)
        rows.append(f"^FO{beside},{top}^A0N,{tall},{tall}^FB{room},2,0,L^FH_^FD{_plain(line)}^FS")
        top += step + (tall if len(line) * tall * 0.5 > room else 0)
    if face.funding:
        high = at(form.emblem)
        tall = high // len(face.funding)
        base = at(height - form.padding) - high
        emblem = left if base >= at(form.padding) + module * size else beside
        rows.append(f"^FO{emblem},{base}{_emblem(high)}^FS")
        words = emblem + high * 3 // 2 + at(1)
        for place, line in enumerate(face.funding):
            rows.append(f"^FO{words},{base + place * tall}^A0N,{tall},{tall * 3 // 4}^FH_^FD{_plain(line)}^FS")
    return f"^XA^CI28^PW{at(width)}^LL{at(height)}{''.join(rows)}^XZ\n"


@lru_cache(8)
def _emblem(high: int) -> str:
    """The Union's emblem in black, so many dots high, as a graphic field."""
    picture = Image.new("1", (high * 3 // 2, high), 1)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, picture.width - 1, high - 1), outline=0, width=max(1, high // 40))
    for hour in range(12):
        pen.polygon(star_corners(high, 30 * hour), fill=0)
    row = (picture.width + 7) // 8
    bits = bytes(byte ^ 0xFF for byte in picture.tobytes())  # a dot is 1 for the printer, 0 in the picture
    spare = row * 8 - picture.width
    rows = [bits[start : start + row] for start in range(0, len(bits), row)]
    whole = b"".join(line[:-1] + bytes([line[-1] & (0xFF << spare) & 0xFF]) for line in rows)
    return f"^GFA,{len(whole)},{len(whole)},{row},{whole.hex().upper()}"


def _plain(text: str) -> str:
    """Text in which no sign is a command: ``_5E`` is a caret where ``^FH_`` stands before it."""
    marks = {"^": "_5E", "~": "_7E", "_": "_5F"}
    return "".join(marks.get(sign, sign) for sign in text)
