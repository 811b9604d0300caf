"""What stands in rooms, on paper."""

import pytest

from registry.labels.equipment import EquipmentRow, follows, room_equipment
from registry.labels.pdf import equipment_pdf
from registry.labels.queries import standing_in
from tests.conftest import Database
from tests.make import NOW, make_asset, make_person, make_room, refused

pytestmark = pytest.mark.anyio


def piece(
    pk: int, name: str, number: str | None = None, quantity: int = 1, who: str | None = None
) -> dict[str, object]:
    return {"id": pk, "name": name, "inventory_no": number, "quantity": quantity, "custodian_name": who}


def test_pieces_without_a_number_are_one_line_by_name() -> None:
    pieces = [
        piece(1, "Biurko", "A/1", who="omo 1"), piece(2, "Biurko", "A/2", who="omo 1"),
        piece(3, "Krzesło", None, 4, "omo 1"), piece(4, "Krzesło", None, 2, "omo 1"),
        piece(5, "Krzesło", None, 1, "omo 2"),
    ]  # fmt: skip
    room = room_equipment("ZW-01", "Sala", "ul. A 1", pieces)
    assert (room.custodian, room.pieces) == ("omo 1", 9)
    assert room.rows == (
        EquipmentRow("A/1", "Biurko", 1, ""),
        EquipmentRow("A/2", "Biurko", 1, ""),
        EquipmentRow("", "Krzesło", 6, ""),
        EquipmentRow("", "Krzesło", 1, "omo 2"),
    )


def test_numbers_that_follow_each_other_are_one_line() -> None:
    numbers = ["A/007/22", "A/008/22", "A/009/22", "A/011/22", "B/012/22", "B/013/22"]
    pieces = [piece(pk, "Krzesło", number) for pk, number in enumerate(numbers)] + [piece(9, "Stół", "B/014/22")]
    rows = room_equipment("ZW-01", "Sala", "ul. A 1", pieces).rows
    assert [(row.number, row.last, row.quantity) for row in rows] == [
        ("A/007/22", "A/009/22", 3), ("A/011/22", "", 1), ("B/012/22", "", 1), ("B/013/22", "", 1),
        ("B/014/22", "", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(("one", "two"), [("A/9", "A/10"), ("A/1", "B/2"), ("", ""), ("A/1/22", "A/2/23"), ("A1", "A")])
def test_other_numbers_do_not_follow(one: str, two: str) -> None:
    assert not follows(one, two)


def test_an_empty_room_has_a_notice_too() -> None:
    room = room_equipment("ZW-01", "Sala", "ul. A 1", [])
    assert (room.rows, room.custodian, room.pieces) == ((), "", 0)


async def test_each_room_has_what_stands_in_it(database: Database) -> None:
    rooms = [await make_room(code=code) for code in ("R-1", "R-2")]
    custodian = await make_person()
    await make_asset(room=rooms[0], name="Biurko", custodian=custodian)
    await make_asset(room=rooms[0], name="Ala", lifecycle="retired")
    stands = await standing_in(["R-2", "R-1"])
    assert [(room.code, [row["name"] for row in rows]) for room, rows in stands] == [("R-2", []), ("R-1", ["Biurko"])]
    assert stands[1][1][0]["custodian_name"] == custodian.name
    assert stands[0][0].building.address
    assert (await refused(standing_in(["R-9"]))).code == "room.unknown"
    assert (await refused(standing_in([]))).code == "label.none"
    assert (await refused(standing_in([f"R-{n}" for n in range(201)]))).code == "label.too_many_rooms"


def test_the_paper_is_a_pdf_for_everybody() -> None:
    words = dict.fromkeys(
        ("title", "as_of", "custodian", "nobody", "place", "number", "name", "quantity", "no_number", "answers",
         "total", "empty", "rule", "signed_custodian", "signed_maker", "page"), "słowo",
    )  # fmt: skip
    many = [piece(n, f"Rzecz # $x_{n}", f"KPUW/013/{n}" if n % 2 else None, 1, "omo 1") for n in range(80)]
    rooms = [room_equipment("ZW-01", "Sala", "ul. A 1", many), room_equipment("ZW-02", "Pokój", "ul. A 1", [])]
    content = equipment_pdf(rooms, "Urząd", words, "pl", "30 listopada 2026", NOW)
    assert content.startswith(b"%PDF-")
    assert b"pdfuaid" in content  # PDF/UA
