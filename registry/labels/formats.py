"""The formats of labels: sheets of labels, rolls, tapes, and the notice for a wall. Lengths in millimetres. Pure."""

from dataclasses import dataclass

from registry.core.errors import Invalid

A4 = (210.0, 297.0)
# what may stand on a label of a piece beside its code, in this order, and what does where nobody chose
PARTS = ("number", "name", "serial", "tag", "room", "office", "emblem")
USUAL_PARTS = ("number", "name", "serial", "office", "emblem")


@dataclass(frozen=True, slots=True)
class LabelFormat:
    """One format. A roll or a tape is a page for each label; ``dots`` is the resolution of a thermal printer in dots
    per inch, 0 for a printer of sheets; ``lines`` is how many lines of text stand beside the code.
    """

    code: str
    title: str
    page: tuple[float, float]
    label: tuple[float, float]
    columns: int = 1
    rows: int = 1
    margin: tuple[float, float] = (0.0, 0.0)  # of the first label, from the left and from the top
    pitch: tuple[float, float] = (0.0, 0.0)  # from one label to the next
    dots: int = 0
    qr: float = 20.0  # the side of the code with its quiet zone
    padding: float = 1.5
    emblem: float = 5.0  # its height; the law wants 5 mm on small things
    lines: int = 3

    @property
    def is_thermal(self) -> bool:
        """Whether it prints in black alone."""
        return self.dots > 0

    @property
    def per_page(self) -> int:
        return self.columns * self.rows


FORMATS = {
    one.code: one
    for one in (
        LabelFormat("a4-24", "A4, 24 × 70 × 37 mm", A4, (70, 37), 3, 8, (0, 0.5), (70, 37), qr=22),
        LabelFormat("a4-33", "A4, 33 × 70 × 25.4 mm", A4, (70, 25.4), 3, 11, (0, 8.8), (70, 25.4), qr=18, lines=2),
        LabelFormat("a4-65", "A4, 65 × 38.1 × 21.2 mm", A4, (38.1, 21.2), 5, 13, (4.65, 10.7), (40.65, 21.2), qr=14,
                    padding=1, lines=1),
        LabelFormat("l7160", "Avery L7160, 21 × 63.5 × 38.1 mm", A4, (63.5, 38.1), 3, 7, (7.2, 15.1), (66.04, 38.1),
                    qr=22),
        LabelFormat("l7163", "Avery L7163, 14 × 99.1 × 38.1 mm", A4, (99.1, 38.1), 2, 7, (4.65, 15.1), (101.6, 38.1),
                    qr=26),
        LabelFormat("50x30", "50 × 30 mm", (50, 30), (50, 30), dots=203, qr=18, lines=2),
        LabelFormat("tape-62", "62 mm", (62, 30), (62, 30), dots=300, qr=20),
        LabelFormat("tape-24", "24 mm", (60, 24), (60, 24), dots=180, qr=17, padding=3, lines=2),
        LabelFormat("tape-12", "12 mm", (55, 12), (55, 12), dots=180, qr=10, padding=1, lines=1),
        LabelFormat("wall", "A6, 105 × 148 mm", (105, 148), (105, 148), qr=52, padding=8, emblem=12),
    )
}  # fmt: skip
# of the modules that a code is made of: below a quarter of a millimetre phones do not read it
SMALLEST_MODULE = 0.25


def format_named(code: str) -> LabelFormat:
    """Raises Invalid("label.no_format")."""
    if code not in FORMATS:
        raise Invalid("label.no_format", format=code[:40], formats=", ".join(FORMATS))
    return FORMATS[code]


def parts_in(text: str) -> tuple[str, ...]:
    """The parts that a text names, parted by commas, in their order. Raises Invalid("label.no_part")."""
    names = {name.strip() for name in text.split(",") if name.strip()}
    for name in sorted(names - set(PARTS)):
        raise Invalid("label.no_part", part=name[:40], parts=", ".join(PARTS))
    return tuple(name for name in PARTS if name in names)


def spots(form: LabelFormat, count: int, start: int) -> list[tuple[int, float, float]]:
    """Where each label stands: its page from 0, and the left upper corner. ``start`` is the first spot, from 1, which
    is taken on the first sheet only. Raises Invalid("label.bad_start").
    """
    if not 1 <= start <= form.per_page:
        raise Invalid("label.bad_start", start=start, spots=form.per_page)
    places = []
    for number in range(start - 1, start - 1 + count):
        page, spot = divmod(number, form.per_page)
        row, column = divmod(spot, form.columns)
        places.append((page, form.margin[0] + column * form.pitch[0], form.margin[1] + row * form.pitch[1]))
    return places
