"""Labels: every code is read back from the rendered page, the words are there as text, the emblem has its geometry."""

import re
from datetime import UTC, datetime
from math import dist
from typing import Any

import pypdfium2
import pytest
import zxingcpp

from registry.core.errors import Invalid
from registry.labels.faces import LabelFace, address_of, code_svg, emblem_svg
from registry.labels.formats import FORMATS, LabelFormat, format_named, spots
from registry.labels.pdf import first_page_svg, labels_pdf
from registry.labels.zpl import labels_zpl

NOW = datetime(2026, 11, 30, tzinfo=UTC)
FUNDING = ("Unia Europejska", "Fundusz Bezpieczeństwa Wewnętrznego", "Projekt nr PL/2020/PR/0111")
NAME = "Biurko 160x80 z elektryczną regulacją wysokości"


def faces(count: int, base_url: str = "https://izba.bydgoszcz.example", **columns: Any) -> list[LabelFace]:
    default: dict[str, Any] = {"office": "Urząd Wojewódzki", "funding": FUNDING}
    return [
        LabelFace(f"ABC{number:04}", address_of(base_url, f"ABC{number:04}"), (f"KPUW/013/808/{number:05}/22", NAME),
                  **(default | columns))
        for number in range(count)
    ]  # fmt: skip


def codes_in(pdf: bytes, dots: int = 203) -> tuple[list[set[str]], str]:
    """The codes of each page as a printer with so many dots an inch prints it, and the text of all of them."""
    document = pypdfium2.PdfDocument(pdf)
    pages, text = [], ""
    for page in document:
        picture = page.render(scale=dots / 72).to_pil()
        pages.append({barcode.text for barcode in zxingcpp.read_barcodes(picture)})
        text += page.get_textpage().get_text_range()
    document.close()
    return pages, " ".join(text.split())


def colours_of(pdf: bytes) -> set[tuple[int, int, int]]:
    document = pypdfium2.PdfDocument(pdf)
    counts = document[0].render(scale=4).to_pil().convert("RGB").getcolors(1 << 20)
    document.close()
    return {colour for _, colour in counts}


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8000", "https://izba.bydgoszcz.uw.gov.example"])
@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_every_code_is_read_back_and_every_word_is_text(form: LabelFormat, base_url: str) -> None:
    labels = faces(min(2 * form.per_page, 30), base_url)
    pages, text = codes_in(labels_pdf(labels, form, NOW))
    assert set().union(*pages) == {face.address for face in labels}
    for word in ("KPUW/013/808/00000/22", "Wewnętrznego"):
        assert word in text, word
    if form.code != "tape-12":  # 12 mm hold a number and the emblem
        assert "elektryczną" in text


def test_a_used_sheet_is_gone_on_with() -> None:
    form = FORMATS["a4-24"]
    pages, _ = codes_in(labels_pdf(faces(24), form, NOW, start=23))
    assert [len(page) for page in pages] == [2, 22]
    assert spots(form, 2, 24) == [(0, 140, 259.5), (1, 0, 0.5)]
    for start in (0, 25):
        with pytest.raises(Invalid, match="1 to 24"):
            spots(form, 1, start)


def test_the_picture_is_of_the_first_sheet() -> None:
    assert b"<svg" in first_page_svg(faces(100), FORMATS["a4-65"])[:200]
    with pytest.raises(Invalid):
        first_page_svg(faces(1), FORMATS["a4-65"], start=66)


def test_labels_stay_on_their_sheets() -> None:
    for form in FORMATS.values():
        for _, x, y in spots(form, form.per_page, 1):
            assert x + form.label[0] <= form.page[0] + 0.01, form.code
            assert y + form.label[1] <= form.page[1] + 0.01, form.code


def test_a_code_is_in_capitals_where_that_is_the_same_address() -> None:
    assert address_of("https://izba.example/", "ABC1234") == "HTTPS://IZBA.EXAMPLE/T/ABC1234"
    assert address_of("https://izba.example/Izba", "ABC1234") == "https://izba.example/Izba/t/ABC1234"
    small = "https://izba.bydgoszcz.uw.gov.example/t/ABC1234"
    assert code_svg(small.upper())[1] < code_svg(small)[1]


def test_a_code_that_no_phone_would_read_is_not_printed() -> None:
    long = faces(1, f"https://{'a' * 80}.example")
    with pytest.raises(Invalid, match="too fine"):
        labels_pdf(long, FORMATS["tape-12"], NOW)
    with pytest.raises(Invalid, match="too fine"):
        labels_zpl(long, FORMATS["tape-12"])
    assert labels_pdf(long, FORMATS["l7163"], NOW).startswith(b"%PDF")


def test_a_format_that_there_is_not_names_those_that_there_are() -> None:
    with pytest.raises(Invalid, match="a4-24"):
        format_named("a5-1")


@pytest.mark.parametrize("black", [True, False])
def test_the_emblem_has_the_geometry_of_the_regulation(black: bool) -> None:
    svg = emblem_svg(black=black)
    assert 'viewBox="0 0 54 36"' in svg
    stars = [
        [(float(x), float(y)) for x, y in (corner.split(",") for corner in points.split())]
        for points in re.findall(r'points="([^"]+)"', svg)
    ]
    assert len(stars) == 12
    for corners in stars:
        x, y = sum(corner[0] for corner in corners) / 10, sum(corner[1] for corner in corners) / 10
        assert dist((x, y), (27, 18)) == pytest.approx(12, abs=0.01), "on a circle of a third of the height"
        assert dist(corners[0], (x, y)) == pytest.approx(2, abs=0.01), "each in a circle of an eighteenth"
        assert corners[0][0] == pytest.approx(x, abs=0.01), "upright"
        assert corners[0][1] < y
    assert set(re.findall(r"#[0-9a-f]{3}", svg)) == ({"#fff", "#000"} if black else {"#039", "#fc0"})


def test_printers_without_colour_get_the_black_emblem_and_it_is_never_below_five_millimetres() -> None:
    assert all(form.emblem >= 5 for form in FORMATS.values())
    assert all(max(colour) - min(colour) < 8 for colour in colours_of(labels_pdf(faces(1), FORMATS["50x30"], NOW)))
    assert (0, 51, 153) in colours_of(labels_pdf(faces(1), FORMATS["a4-24"], NOW))


def test_what_no_grant_paid_for_has_no_emblem() -> None:
    pdf = labels_pdf(faces(1, funding=()), FORMATS["a4-24"], NOW)
    assert all(max(colour) - min(colour) < 8 for colour in colours_of(pdf))
    assert "Unia" not in codes_in(pdf)[1]


def test_zpl_says_the_same_and_no_word_is_a_command() -> None:
    label = LabelFace("ABC0001", "HTTPS://IZBA.EXAMPLE/T/ABC0001", ("KPUW/1", "Łyżka ^XA~JA_"), funding=FUNDING)
    zpl = labels_zpl([label, label], FORMATS["50x30"])
    assert zpl.count("^XA") == zpl.count("^XZ") == 2
    assert "^BQN,2," in zpl
    assert "^FH_^FDMA,HTTPS://IZBA.EXAMPLE/T/ABC0001^FS" in zpl
    assert "Łyżka _5EXA_7EJA_5F" in zpl
    assert "^PW400^LL240" in zpl
    assert "^FH_^FDMA,https://izba.example/my_5Foffice/t/ABC0001^FS" in labels_zpl(
        [LabelFace("ABC0001", "https://izba.example/my_office/t/ABC0001", ("KPUW/1",))], FORMATS["50x30"]
    )


def test_a_thermal_printer_draws_the_emblem_too() -> None:
    zpl = labels_zpl(faces(1), FORMATS["50x30"])
    match = re.search(r"\^GFA,(\d+),\d+,(\d+),([0-9A-F]+)\^FS", zpl)
    assert match
    row, dots = int(match[2]), bytes.fromhex(match[3])
    high = len(dots) // row
    assert (len(dots), high) == (int(match[1]), 40), "5 mm at 203 dots an inch"
    lines = [int.from_bytes(dots[start : start + row], "big") for start in range(0, len(dots), row)]
    width = 60
    assert lines[0] >> (row * 8 - width) == 2**width - 1, "its frame"
    assert all(line & (2 ** (row * 8 - width) - 1) == 0 for line in lines), "nothing beyond it"
    assert "^GFA" not in labels_zpl(faces(1, funding=()), FORMATS["50x30"])
