"""Labels for printers that speak ZPL II, at their own resolution. Pure."""

from collections.abc import Sequence

from registry.labels.faces import LabelFace, check_code, code_svg
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
    rows = [f"^FO{left},{at(form.padding)}^BQN,2,{module}^FDMA,{_plain(face.address)}^FS"]
    top, step = at(form.padding), at(4)
    for place, line in enumerate(face.lines[: form.lines + 1]):
        tall = at(3.2 if place == 0 else 2.6)
        rows.append(f"^FO{beside},{top}^A0N,{tall},{tall}^FB{room},2,0,L^FH_^FD{_plain(line)}^FS")
        top += step + (tall if len(line) * tall * 0.5 > room else 0)
    if face.funding:
        tall = at(2.0)
        base = at(height - form.padding) - tall * len(face.funding)
        for place, line in enumerate(face.funding):
            rows.append(f"^FO{left},{base + place * tall}^A0N,{tall},{tall}^FH_^FD{_plain(line)}^FS")
    return f"^XA^CI28^PW{at(width)}^LL{at(height)}{''.join(rows)}^XZ\n"


def _plain(text: str) -> str:
    """Text in which no sign is a command: ``_5E`` is a caret where ``^FH_`` stands before it."""
    marks = {"^": "_5E", "~": "_7E", "_": "_5F"}
    return "".join(marks.get(sign, sign) for sign in text)
