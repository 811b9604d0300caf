"""What a code is on, the exact first; scans written down; what is brought to a room."""

from datetime import timedelta

import pytest

from registry.assets import tags
from registry.assets.labels import adopt_number, link_tag, lose_tag, print_tags
from registry.assets.models import Asset, FormerNumber, Tag
from registry.assets.transitions import Answers
from registry.core import history
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.history import SYSTEM, Actor, HistoryEntry
from registry.core.transaction import transaction
from registry.faults.actions import NewReport, report
from registry.faults.asset_transitions import perform
from registry.scans import actions, queries, rules
from registry.scans.models import Reader, Scan, ScanResult
from registry.scans.queries import Match, ScannedPiece, match
from tests.conftest import Database
from tests.make import NOW, make_asset, make_device, make_person, make_room
from tests.statements import Statements


def code_of(number: int) -> str:
    return tags.new_code(number.to_bytes(tags.RANDOM_BYTES, "big"))


def code_with(letters: str) -> str:
    return next(code for code in map(code_of, range(31**6)) if all(letter in code for letter in letters))


@pytest.mark.parametrize(
    ("keys", "table"),
    [
        ("YZ", str.maketrans("YZ", "ZY")),
        ("12", str.maketrans("1234567890", "!@#$%^&*()")),
        ("34", str.maketrans("1234567890", "&é\"'(-è_çà")),
        ("25", str.maketrans("1234567890", "+ěščřžýáíé")),
        ("AW", str.maketrans("AQZW1234567890", "QAWZ&é\"'(-è_çà")),
    ],
)
def test_keystrokes_on_another_keyboard_are_mended_by_the_check_character(keys: str, table: dict[int, str]) -> None:
    code = code_with(keys)
    typed = code.translate(table)
    assert typed != code
    assert code in rules.slips_of(typed)


def test_nothing_is_mended_that_is_a_code_as_it_stands() -> None:
    assert rules.slips_of(code_with("YZ")) == []
    assert rules.slips_of("Drukarka") == []


def test_the_moment_of_a_scan_is_within_reason() -> None:
    assert rules.moment_of(None, NOW) == NOW
    assert rules.moment_of(NOW + timedelta(hours=1), NOW) == NOW
    assert rules.moment_of(NOW - timedelta(minutes=5), NOW) == NOW - timedelta(minutes=5)
    assert rules.moment_of(NOW - timedelta(days=400), NOW) == NOW - rules.LATE


async def test_a_scan_finds_exactly_what_has_the_code(database: Database) -> None:
    person, room = await make_person(role="facilities"), await make_room(code="ZW-01")
    asset = await make_asset(name="Kamera", inventory_no="KAM-551", number_key="kam-551", room=room)
    await Asset.filter(id=asset.id).update(search_text="kamera kam-551")
    device = await make_device(code="ZW-01-occ", room=room)
    filed = await report(NewReport(room.id, text="x"), SYSTEM, NOW)
    (code, blank, gone) = await print_tags(3, SYSTEM, NOW)
    await link_tag(code, SYSTEM, NOW, asset_id=asset.id)
    await lose_tag(gone, SYSTEM, NOW)

    async def result(typed: str) -> ScanResult:
        return (await match(typed, person)).result

    assert (await match(f" https://izba.example/t/{code.lower()}?x=1 ", person)).asset == (
        await match(code, person)
    ).asset
    assert (await match("kam - 551", person)).asset["id"] == asset.id  # type: ignore[index]  # it is there
    assert (await match("https://izba.example/rooms/ZW-01", person)).room == room
    assert (await match("ZW-01-occ", person)).device == device
    assert (await match(f"U/{filed.fault.id}", person)).fault_id == filed.fault.id
    assert await result("KAM-55") is ScanResult.SEVERAL, "a part of a number is never the thing"
    assert (await result(blank), await result(gone)) == (ScanResult.BLANK, ScanResult.LOST)
    assert await result("5901234123457") is ScanResult.UNKNOWN
    assert await result("") is ScanResult.UNKNOWN
    wrong = code[:-1] + ("C" if code[-1] != "C" else "D")  # which no other layout of a keyboard gives for a letter
    assert await result(wrong) is ScanResult.UNKNOWN, "a code with a mistyped character is nothing, not another thing"
    assert await result(f"QQ/{code}") is ScanResult.SEVERAL, "the end of a number is no label"


async def test_a_label_that_a_handheld_reader_mistyped_is_found(database: Database) -> None:
    person, asset = await make_person(), await make_asset()
    code = code_with("YZ")
    await Tag.create(code=code, asset=asset, created_at=NOW)
    label = await match(code.translate(str.maketrans("YZ", "ZY")), person)
    assert label.asset is not None
    assert label.asset["id"] == asset.id


async def test_each_scan_is_written_down_and_forgotten_in_time(database: Database) -> None:
    person, room = await make_person(), await make_room()
    reading = actions.CodeReading("590", Reader.CAMERA, NOW, person, room)
    for _ in range(2):
        scan = await actions.log(reading, Match(ScanResult.UNKNOWN))
    await actions.log(actions.CodeReading(room.code, Reader.KEYS, NOW, person), Match(ScanResult.ROOM, room=room))
    rows, total = await queries.unknown_codes()
    assert (total, rows[0]["code"], rows[0]["room"], rows[0]["person_name"]) == (2, "590", room.code, person.name)
    assert await queries.standing_room(person, NOW + timedelta(hours=1)) == room
    assert await queries.standing_room(person, NOW + timedelta(hours=3)) is None
    await actions.settle(scan.id, SYSTEM, NOW)
    assert (await queries.unknown_codes())[1] == 0
    with pytest.raises(NotFound):
        await actions.settle(99999, SYSTEM, NOW)
    assert await actions.forget(NOW + timedelta(days=1)) == 3
    assert await Scan.all().count() == 0


async def test_a_lost_label_is_on_nothing_until_it_is_linked_again(database: Database) -> None:
    asset = await make_asset()
    (code,) = await print_tags(1, SYSTEM, NOW)
    await link_tag(code, SYSTEM, NOW, asset_id=asset.id)
    for _ in range(2):
        tag = await lose_tag(code.lower(), SYSTEM, NOW)
    assert (tag.asset_id, tag.lost_at) == (None, NOW)
    tag = await link_tag(code, SYSTEM, NOW, asset_id=asset.id)
    assert (tag.asset_id, tag.lost_at) == (asset.id, None)
    entries = await HistoryEntry.filter(object=f"tag:{code}").order_by("seq").values_list("action", flat=True)
    assert entries == ["printed", "linked", "lost", "linked"]
    with pytest.raises(NotFound):
        await lose_tag(code_of(1), SYSTEM, NOW)
    with pytest.raises(Invalid):
        await lose_tag("AAAAAAA", SYSTEM, NOW)


async def test_what_was_scanned_is_moved_save_what_somebody_else_changed(
    database: Database, statements: Statements
) -> None:
    mover, other = await make_person(role="facilities"), await make_person(role="admin")
    here, there = await make_room(code="H"), await make_room(code="T")
    assets = [await make_asset(name=f"Krzesło {number}", room=there) for number in range(5)]
    at_place = await make_asset(name="Stół", room=here)
    actor = Actor(other.name, "web", other.id)
    for asset in assets[3:]:
        await perform("send_to_repair", asset.id, Answers(), actor, NOW + timedelta(minutes=5))
    pieces = [
        *(ScannedPiece(asset.id, asset.revision) for asset in assets[:3]),
        ScannedPiece(assets[3].id, assets[3].revision),
        ScannedPiece(assets[4].id, at=NOW),
        ScannedPiece(at_place.id, at_place.revision),
        ScannedPiece(999_999, 1),
    ]
    with statements.at_most(2):
        plan = await queries.plan_of(here, pieces, mover)
    assert (plan.there, plan.gone, sorted(plan.changed)) == ([at_place.id], [999_999], [one.id for one in assets[3:]])
    assert plan.changed[assets[4].id].action == "sent_to_repair"
    await actions.move_here(plan, Actor(mover.name, "web", mover.id), NOW)
    rooms = dict(await Asset.all().values_list("id", "room_id"))
    assert [rooms[asset.id] for asset in assets] == [here.id] * 3 + [there.id] * 2
    anyway = await queries.plan_of(here, pieces, mover, is_meant=True)
    assert sorted(anyway.moves) == [one.id for one in assets[3:]]
    await actions.move_here(anyway, actor, NOW)
    await actions.move_here(await queries.plan_of(here, pieces[:1], mover), actor, NOW)
    assert set(await Asset.all().values_list("room_id", flat=True)) == {here.id}


async def test_what_nobody_by_name_changed_since_a_scan_is_told_too(database: Database) -> None:
    """Scanned in a dead spot at nine, moved at ten by the command line, sent at eleven."""
    mover, here, there = await make_person(role="facilities"), await make_room(code="H"), await make_room(code="T")
    asset = await make_asset(room=there)
    await perform("move", asset.id, Answers(here.id), Actor("izba", "cli"), NOW + timedelta(hours=1))
    plan = await queries.plan_of(there, [ScannedPiece(asset.id, at=NOW)], mover)
    assert (plan.moves, [entry.actor for entry in plan.changed.values()]) == ({}, ["izba"])
    later = await queries.plan_of(there, [ScannedPiece(asset.id, at=NOW + timedelta(hours=2))], mover)
    assert (list(later.moves), later.changed) == ([asset.id], {})


async def test_what_somebody_else_did_before_the_look_is_no_conflict(
    database: Database, statements: Statements
) -> None:
    """A look with a revision that only the looker has changed since; files and sets leave the revision as it is."""
    mover, other = await make_person(role="facilities"), await make_person(role="admin")
    own, theirs = Actor(mover.name, "web", mover.id), Actor(other.name, "web", other.id)
    here, there = await make_room(code="H"), await make_room(code="T")
    first, second = await make_asset(room=there), await make_asset(room=there)
    for asset in (first, second):
        for number in range(8):
            await perform("move", asset.id, Answers((here, there)[number % 2].id), theirs, NOW)
    revisions = dict(await Asset.all().values_list("id", "revision"))
    await perform("send_to_repair", first.id, Answers(), own, NOW)
    await perform("send_to_repair", second.id, Answers(), theirs, NOW)
    await perform("assign", second.id, Answers(custodian_id=mover.id), own, NOW)
    await history.write(f"asset:{second.id}", "file_added", own, NOW, after={"file": "a.png"})
    pieces = [ScannedPiece(asset.id, revisions[asset.id]) for asset in (first, second)]
    before = len(statements)
    plan = await queries.plan_of(here, pieces, mover)
    assert [one.rows for one in statements[before:]][-1] <= 2, "nobody reads the whole history"
    assert list(plan.moves) == [first.id]
    assert {pk: entry.action for pk, entry in plan.changed.items()} == {second.id: "sent_to_repair"}


async def adopt(asset_id: int, number: str) -> None:
    async with transaction() as change:
        await adopt_number(asset_id, number, change, SYSTEM, NOW)


async def test_an_unknown_code_becomes_a_number_of_its_thing(database: Database) -> None:
    person, asset, other = (
        await make_person(),
        await make_asset(),
        await make_asset(inventory_no="A/1", number_key="a/1"),
    )
    reading = actions.CodeReading("5901234123457", Reader.KEYS, NOW, person)
    scan = await actions.log(reading, await match("5901234123457", person))
    await actions.settle(scan.id, SYSTEM, NOW, asset.id)
    label = await match("590 1234123457", person)
    assert label.asset is not None
    assert label.asset["id"] == asset.id
    with pytest.raises(Conflict, match="5901234123457"):
        await adopt(other.id, "5901234123457")
    with pytest.raises(Conflict, match="a/1"):
        await adopt(asset.id, "a/1")
    for number in (" ", "9" * 61, "a\x00"):
        with pytest.raises(Invalid):
            await adopt(asset.id, number)
    with pytest.raises(NotFound):
        await adopt(99_999, "x")


async def test_a_code_that_is_settled_twice_is_settled_once(database: Database) -> None:
    """The same form, sent twice."""
    person, asset = await make_person(), await make_asset(inventory_no="A/1", number_key="a/1")
    scans = [
        await actions.log(actions.CodeReading(code, Reader.KEYS, NOW, person), Match(ScanResult.UNKNOWN))
        for code in ("590", "590", "A/ 1", "rubbish", "rubbish")
    ]
    for _ in range(2):
        await actions.settle(scans[0].id, SYSTEM, NOW, asset.id)
        await actions.settle(scans[2].id, SYSTEM, NOW, asset.id)
        await actions.settle(scans[3].id, SYSTEM, NOW)
    assert await FormerNumber.all().values_list("number", "asset_id") == [("590", asset.id)]
    assert (await queries.unknown_codes())[1] == 0
    entries = await HistoryEntry.all().order_by("id").values_list("object", "action", "after")
    assert entries == [
        (f"asset:{asset.id}", "number_added", {"former_number": "590"}),
        (f"scan:{scans[3].id}", "settled", {"scans": 2}),
    ]
