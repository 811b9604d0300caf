"""A written list that is undone: all of it, or what nobody touched since; what breaks off is gone on with."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from registry.assets.actions import correct
from registry.assets.filters import AssetFilter
from registry.assets.labels import link_tag, lose_tag, print_tags
from registry.assets.models import Asset, FormerNumber, FundingShare, Purchase, Tag
from registry.assets.search import find
from registry.core import claims, seals
from registry.core.errors import Conflict, Refusal, Unavailable
from registry.core.history import SYSTEM, Actor, HistoryEntry
from registry.devices.models import Device, DeviceKind
from registry.importing import assets, batches, undo, updates
from registry.importing.claims import LISTS
from registry.importing.models import ImportedRecord, ImportState, PendingImport
from registry.importing.sessions import correct as correct_row
from registry.importing.sessions import forget_old, record, send
from registry.importing.writing import commit, take_up
from registry.people.models import Institution, Person
from registry.rooms.models import Building, Room, Site
from tests.make import NOW, make_person, make_room
from tests.statements import Statements

CLERK = Actor(name="ewidencja", source="web")
LATER = NOW + timedelta(hours=1)
LIST = "Nr inw.;Nazwa;Wartość;Pokój\nHO-1;Krzesło;100,00;R-1\nHO-2;Stół;200,00;R-1\n;Lampa;5,00;R-1\n"


@pytest.fixture
async def owner(database: Any) -> int:
    await make_room(code="R-1")
    return (await make_person()).id


async def written(owner: int, text: str = LIST, family: str | None = None) -> str:
    pending = await send(text.encode(), "lista.csv", family, owner, NOW)
    await commit(pending.id, owner, CLERK, NOW)
    return pending.id


async def refused(work: Any) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        await work
    return refusal.value


async def test_what_a_list_made_goes_as_if_it_had_never_been(owner: int) -> None:
    number = await written(owner)
    assert (await find(AssetFilter(q="HO-1"), "name", 0, 10))[0].many == 1
    pending = await undo.undo(number, owner, CLERK, LATER, "nie ten plik")
    assert (pending.state, pending.records, pending.finished) == (ImportState.UNDONE, 0, 3)
    counts = [await model.all().count() for model in (Asset, Tag, FundingShare, ImportedRecord)]
    assert counts == [0, 0, 0, 0]
    assert (await find(AssetFilter(q="HO-1"), "name", 0, 10))[0].many == 0
    entry = await HistoryEntry.filter(action="import_undone").order_by("id").first()
    assert entry is not None
    assert (entry.actor, entry.reason, entry.before["name"], entry.after) == (
        "ewidencja", "nie ten plik", "Lampa", None,
    )  # fmt: skip
    ways = await HistoryEntry.filter(object=f"import:{number}").order_by("id").values_list("action", flat=True)
    assert list(ways) == ["written", "undone"]
    assert (await seals.verify())[1] is None


async def test_the_numbers_of_an_undone_list_are_free_and_ids_are_not_used_again(owner: int) -> None:
    await undo.undo(await written(owner), owner, CLERK, LATER)
    former = set(await HistoryEntry.filter(object__startswith="asset:").values_list("object", flat=True))
    again = await written(owner)
    assert await Asset.filter(inventory_no="HO-1").count() == 1
    assert not {f"asset:{pk}" for pk in await Asset.all().values_list("id", flat=True)} & former
    assert (await undo.undo(again, owner, CLERK, LATER)).state is ImportState.UNDONE


async def test_an_undo_that_is_repeated_does_nothing_more_and_the_list_is_not_written_again(owner: int) -> None:
    number = await written(owner)
    first = await undo.undo(number, owner, CLERK, LATER)
    second = await undo.undo(number, owner, CLERK, LATER)
    third = await undo.undo(number, owner, CLERK, LATER, rest=True)
    assert first.revision == second.revision == third.revision
    assert (await refused(commit(number, owner, CLERK, LATER))).code == "import.undone"


async def test_a_list_that_was_not_written_cannot_be_undone(owner: int) -> None:
    pending = await send(LIST.encode(), "lista.csv", None, owner, NOW)
    assert (await refused(undo.undo(pending.id, owner, CLERK, LATER))).code == "import.not_written"


async def test_what_somebody_touched_is_named_and_the_rest_can_be_undone(owner: int) -> None:
    number = await written(owner)
    chair, lamp = await Asset.get(inventory_no="HO-1"), await Asset.get(name="Lampa")
    await correct(chair.id, {"note": "ładne"}, Actor(name="recepcja", source="web"), LATER)
    await Device.create(code="lampa", kind=DeviceKind.PRESENCE, asset_id=lamp.id)
    refusal = await refused(undo.undo(number, owner, CLERK, LATER))
    assert isinstance(refusal, Conflict)
    assert (refusal.code, refusal.params["count"], refusal.params["rest"]) == ("import.touched", 2, 1)
    named = [(one["name"], one["who"], one["what"]) for one in refusal.params["touched"]]
    assert named == [("Krzesło", "recepcja", "corrected"), ("Lampa", "", "device")]
    assert await Asset.all().count() == 3, "all or, when that is wished, the rest"
    pending = await undo.undo(number, owner, CLERK, LATER, rest=True)
    assert (pending.state, pending.records) == (ImportState.UNDONE, 2)
    assert set(await Asset.all().values_list("name", flat=True)) == {"Krzesło", "Lampa"}
    assert (await undo.outlook(pending)).rest == 0


async def test_a_piece_that_a_list_numbered_gets_its_former_values(owner: int) -> None:
    header = "poz. zakupu;nazwa;ilość;cena jedn. brutto;nr faktury;rozmieszczenie"
    await written(owner, f"{header}\nP/1;Monitor;2;500,00;F/1;R-1:2\n")
    numbered = await written(owner, "Nr inw.;Nazwa;Poz. zakupu;Pokój;Nr seryjny\nHO-7;Monitor LG;P/1;R-1;S7\n")
    monitor = await Asset.get(inventory_no="HO-7")
    assert (monitor.name, monitor.serial_no) == ("Monitor LG", "S7")
    await undo.undo(numbered, owner, CLERK, LATER)
    piece = await Asset.get(id=monitor.id)
    assert (piece.inventory_no, piece.number_key, piece.name, piece.serial_no) == (None, None, "Monitor", "")
    assert (piece.search_text, piece.revision) == ((await Asset.exclude(id=piece.id).get()).search_text, 3)
    last = await HistoryEntry.filter(object=f"asset:{piece.id}").order_by("-seq").first()
    assert last is not None
    assert (last.before["inventory_no"], last.after["inventory_no"]) == ("HO-7", None)
    assert (await seals.verify())[1] is None


async def test_purchases_go_with_their_pieces(owner: int) -> None:
    header = "poz. zakupu;nazwa;ilość;cena jedn. brutto;nr faktury;rozmieszczenie"
    number = await written(owner, f"{header}\nP/1;Monitor;2;500,00;F/1;R-1:2\n")
    assert (await undo.undo(number, owner, CLERK, LATER)).state is ImportState.UNDONE
    assert (await Asset.all().count(), await Purchase.all().count()) == (0, 0)


@pytest.mark.parametrize(
    ("text", "family", "model"),
    [
        ("kod;adres;miejscowość\nB-9;Długa 1;Toruń\n", "rooms", Building),
        ("kod;budynek;nr pokoju;nazwa;typ;widoczność\nR-9;main;9;Sala;conference;internal\n", "rooms", Room),
        ("login;nazwa;rola\nnowy;Nowy;member\n", "people", Person),
        ("kod;nazwa;rola w projekcie\nNGO-9;Fundacja;partner\n", "people", Institution),
    ],
)
async def test_lists_of_places_and_people_are_undone_too(owner: int, text: str, family: str, model: Any) -> None:
    before, sites = await model.all().count(), await Site.all().count()
    building = await Building.all().first()
    assert building
    number = await written(owner, text.replace("main", building.code), family)
    assert await model.all().count() == before + 1
    assert (await undo.undo(number, owner, CLERK, LATER)).state is ImportState.UNDONE
    assert (await model.all().count(), await Site.all().count()) == (before, sites)


async def test_a_room_that_things_stand_in_by_now_stays(owner: int) -> None:
    building = await Building.all().first()
    assert building
    header = "kod;budynek;nr pokoju;nazwa;typ;widoczność"
    number = await written(owner, f"{header}\nR-9;{building.code};9;Sala;conference;internal\n", "rooms")
    await written(owner, "Nr inw.;Nazwa;Pokój\nHO-1;Krzesło;R-9\n")
    refusal = await refused(undo.undo(number, owner, CLERK, LATER))
    assert [(one["name"], one["what"]) for one in refusal.params["touched"]] == [("Sala", "asset")]


MANY = "Nr inw.;Nazwa;Wartość\n" + "".join(f"HO-{row};Lampa {row};1,00\n" for row in range(1, 8))
LABELLED = "Nr inw.;Nazwa;Dawny numer;Kod etykiety\nHO-1;Krzesło;X-9;0000016\n"


async def labels() -> dict[str, int | None]:
    return dict(await Tag.all().values_list("code", "asset_id"))


async def test_former_numbers_and_labels_go_with_what_a_list_made(owner: int) -> None:
    number = await written(owner, LABELLED)
    assert (await FormerNumber.all().count(), list(await labels())) == (1, ["0000016"])
    assert (await undo.undo(number, owner, CLERK, LATER)).state is ImportState.UNDONE
    assert [await model.all().count() for model in (Asset, FormerNumber, Tag)] == [0, 0, 0]
    await undo.undo(await written(owner, LABELLED), owner, CLERK, LATER)
    assert await Asset.all().count() == 0, "the number and the label were free"


async def test_a_label_that_was_printed_before_is_on_nothing_again(owner: int) -> None:
    (code,) = await print_tags(1, CLERK, NOW - timedelta(days=1))
    older = await Tag.create(code="000002C", created_at=NOW - timedelta(days=1))
    text = f"Nr inw.;Nazwa;Kod etykiety\nHO-1;Krzesło;{code}\nHO-2;Stół;{older.code}\n"
    await undo.undo(await written(owner, text), owner, CLERK, LATER, "nie ten plik")
    assert await labels() == {code: None, older.code: None}
    for label in (code, older.code):
        last = await HistoryEntry.filter(object=f"tag:{label}").order_by("-seq").first()
        assert last is not None
        assert (last.action, last.after) == ("import_undone", {"asset_id": None, "room_id": None})
    assert (await seals.verify())[1] is None


async def test_a_piece_that_somebody_put_a_label_on_since_is_touched(owner: int) -> None:
    number = await written(owner)
    chair = await Asset.get(inventory_no="HO-1")
    await link_tag("000003J", Actor(name="recepcja", source="web"), LATER, asset_id=chair.id)
    refusal = await refused(undo.undo(number, owner, CLERK, LATER))
    named = [(one["name"], one["who"], one["what"]) for one in refusal.params["touched"]]
    assert (refusal.code, named) == ("import.touched", [("Krzesło", "recepcja", "linked")])
    await undo.undo(number, owner, CLERK, LATER, rest=True)
    assert (await labels())["000003J"] == chair.id
    assert await Asset.all().count() == 1


async def test_a_label_that_is_put_on_during_the_undo_is_refused_not_lost(
    owner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, at_work = await written(owner), asyncio.Event()
    chair = await Asset.get(inventory_no="HO-1")

    async def link() -> None:
        await at_work.wait()
        await link_tag("000003J", CLERK, LATER, asset_id=chair.id)

    linking, look_at = asyncio.create_task(link()), undo.look_at

    async def slow(*arguments: Any, lock: bool = False) -> Any:
        look = await look_at(*arguments, lock=lock)
        if lock:
            at_work.set()
            await asyncio.wait({linking}, timeout=0.2)
        return look

    monkeypatch.setattr(undo, "look_at", slow)
    await undo.undo(number, owner, CLERK, LATER)
    assert (await refused(linking)).code == "asset.unknown"
    assert (await Asset.all().count(), await labels()) == (0, {})


PURCHASES = "poz. zakupu;nazwa;ilość;cena jedn. brutto;nr faktury;rozmieszczenie\nP/1;Monitor;2;500,00;F/1;R-1:2\n"


async def test_what_a_list_added_to_a_piece_that_it_numbered_goes_and_what_came_since_stays(owner: int) -> None:
    await written(owner, PURCHASES)
    before = await labels()
    (code, again) = await print_tags(2, CLERK, NOW - timedelta(days=1))
    header = "Nr inw.;Nazwa;Poz. zakupu;Pokój;Dawny numer;Kod etykiety"
    number = await written(owner, f"{header}\nHO-7;Monitor;P/1;R-1;X-9;{code} | {again} | 0000016\n")
    monitor = await Asset.get(inventory_no="HO-7")
    await lose_tag(again, CLERK, LATER)
    await link_tag(again, CLERK, LATER, asset_id=monitor.id)
    await undo.undo(number, owner, CLERK, LATER)
    assert (await Asset.get(id=monitor.id)).inventory_no is None
    assert await FormerNumber.all().count() == 0
    assert await labels() == before | {code: None, again: monitor.id}


async def test_what_a_list_made_and_numbered_goes_whole(owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two memories of one record: the newer says until when its history is the list's."""
    await written(owner, PURCHASES)
    monkeypatch.setattr(batches, "BATCH", 1)
    number = await written(owner, "Nr inw.;Nazwa;Poz. zakupu\n;Mysz;P/1\nHO-7;Mysz;P/1\n")
    twice = await ImportedRecord.filter(import_number=number).values_list("record_id", flat=True)
    assert len(twice) - len(set(twice)) == 1
    monkeypatch.setattr(undo, "LOT", 1)
    pending = await undo.undo(number, owner, CLERK, LATER)
    assert (pending.state, pending.records, await Asset.filter(name="Mysz").count()) == (ImportState.UNDONE, 0, 0)
    assert await Asset.all().count() == 2
    assert (await seals.verify())[1] is None


async def test_what_stays_of_a_long_list_is_passed_by(
    owner: int, monkeypatch: pytest.MonkeyPatch, statements: Statements
) -> None:
    number = await written(owner, MANY)
    for asset in await Asset.filter(inventory_no__in=[f"HO-{row}" for row in range(1, 7)]):
        await correct(asset.id, {"note": "ładne"}, CLERK, LATER)
    monkeypatch.setattr(undo, "LOT", 2)
    pending = await undo.undo(number, owner, CLERK, LATER, rest=True)
    assert (pending.state, pending.records, await Asset.all().count()) == (ImportState.UNDONE, 6, 6)
    queries = [one.text for one in statements if one.text.startswith("SELECT") and '"imported_record"' in one.text]
    assert not [query for query in queries if " IN (" in query], "no list of what stays, however long"


class PowerCut(BaseException):
    """The process ends in the middle."""


async def test_an_undo_that_breaks_off_says_where_it_stands_and_goes_on(
    owner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await written(owner, MANY)
    with monkeypatch.context() as patch:
        delete, lots = undo._delete, iter(range(2))

        async def failing(*arguments: Any) -> None:
            if next(lots, None) is None:
                raise PowerCut
            await delete(*arguments)

        patch.setattr(undo, "LOT", 2)
        patch.setattr(undo, "_delete", failing)
        with pytest.raises(PowerCut):
            await undo.undo(number, owner, CLERK, LATER)
    pending = await PendingImport.get(id=number)
    assert (pending.state, pending.finished, pending.accepted) == (ImportState.WRITTEN, 4, 7)
    assert (await undo.outlook(pending)).made == await Asset.all().count() == 3
    pending = await undo.undo(number, owner, CLERK, LATER)
    assert (pending.state, await Asset.all().count()) == (ImportState.UNDONE, 0)
    assert (await seals.verify())[1] is None


async def test_what_was_written_in_part_can_be_undone(owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pending = await send(MANY.encode(), "lista.csv", None, owner, NOW)
    with monkeypatch.context() as patch:
        register, lots = assets.register_many, iter(range(2))

        async def failing(*arguments: Any) -> list[int]:
            if next(lots, None) is None:
                raise PowerCut
            return await register(*arguments)

        patch.setattr(batches, "BATCH", 2)
        patch.setattr(assets, "register_many", failing)
        with pytest.raises(PowerCut):
            await commit(pending.id, owner, CLERK, NOW)
    assert await Asset.all().count() == 4
    assert (await undo.undo(pending.id, owner, CLERK, LATER)).state is ImportState.UNDONE
    assert await Asset.all().count() == 0


@pytest.mark.parametrize("is_alone", [True, False])
async def test_another_process_takes_up_what_one_left(owner: int, is_alone: bool) -> None:
    """As after ``kill -9``: the claim of the dead process stands."""
    pending = await send(MANY.encode(), "lista.csv", None, owner, NOW)
    await LISTS.claim(pending, ImportState.WRITING, CLERK, NOW)
    undone = await written(owner, LIST.replace("HO-", "XX-"))
    await LISTS.claim(await PendingImport.get(id=undone), ImportState.UNDOING, CLERK, NOW)
    soon = NOW + claims.CLAIM / 2
    assert await take_up(soon) == 0, "it may be alive"
    assert await take_up(soon if is_alone else NOW + claims.CLAIM, is_alone) == 2
    await settled()
    states = {one.id: one.state for one in await PendingImport.all()}
    assert states == {pending.id: ImportState.WRITTEN, undone: ImportState.UNDONE}
    assert await Asset.all().count() == 7
    entry = await HistoryEntry.filter(object=f"import:{pending.id}").first()
    assert entry is not None
    assert entry.actor == "ewidencja", "who had it written, whoever went on"


async def settled() -> None:
    await asyncio.gather(*claims._tasks.value)


async def test_a_long_writing_goes_on_by_itself_and_tells_how_far_it_came(
    owner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = await send(MANY.encode(), "lista.csv", None, owner, NOW)
    go_on, register = asyncio.Event(), assets.register_many

    async def slow(*arguments: Any) -> list[int]:
        if await ImportedRecord.all().count() == 4:
            await go_on.wait()
        return await register(*arguments)

    monkeypatch.setattr(batches, "BATCH", 2)
    monkeypatch.setattr(assets, "register_many", slow)
    pending = await commit(pending.id, owner, CLERK, NOW, patience=0)
    assert pending.state is ImportState.WRITING
    while (await PendingImport.get(id=pending.id)).finished < 4:
        await asyncio.sleep(0)
    assert (await refused(undo.undo(pending.id, owner, CLERK, LATER))).code == "import.being_written"
    go_on.set()
    await settled()
    pending = await PendingImport.get(id=pending.id)
    assert (pending.state, pending.finished, pending.accepted) == (ImportState.WRITTEN, 7, 7)


async def test_a_process_that_is_stopped_gives_its_lists_up(owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pending = await send(MANY.encode(), "lista.csv", None, owner, NOW)
    begun = asyncio.Event()

    async def endless(*arguments: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(assets, "register_many", endless)
        await commit(pending.id, owner, CLERK, NOW, patience=0)
        await begun.wait()
        await claims.stop()
    left = await PendingImport.get(id=pending.id)
    assert (left.state, left.claimed_at, await Asset.all().count()) == (ImportState.WRITING, None, 0)
    assert await take_up(NOW) == 1
    await settled()
    assert await Asset.all().count() == 7


async def test_a_sign_of_life_keeps_a_list_with_its_process(owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pending = await send(MANY.encode(), "lista.csv", None, owner, NOW)
    revision = await LISTS.claim(pending, ImportState.WRITING, SYSTEM, NOW)
    monkeypatch.setattr(claims, "BEAT_SECONDS", 0.0)
    async with LISTS.held(pending.id, revision, ImportState.CHECKED, NOW):
        while (await PendingImport.get(id=pending.id)).claimed_at == NOW:
            await asyncio.sleep(0)


async def broken_off(owner: int, text: str, monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> str:
    """A list about known pieces, whose second move breaks off the writing."""
    await make_room(code="R-2")
    pending = await send(text.encode(), "lista.csv", None, owner, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(updates, "perform", failing_at(2, updates.perform, fault))
        with pytest.raises(type(fault)):
            await commit(pending.id, owner, CLERK, NOW)
    return pending.id


def failing_at(time: int, work: Any, fault: BaseException) -> Any:
    times = iter(range(1, time))

    async def failing(*arguments: Any) -> Any:
        if next(times, None) is None:
            raise fault
        return await work(*arguments)

    return failing


MOVED = "".join(line.replace("R-1", "R-2") + "\n" for line in LIST.splitlines()[:3])


async def rooms_of() -> list[str]:
    pieces = Asset.exclude(inventory_no=None).order_by("inventory_no")
    return [str(code) for code in await pieces.values_list("room__code", flat=True)]


async def test_a_list_that_broke_off_in_its_changes_is_begun(owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    await written(owner)
    number = await broken_off(owner, MOVED, monkeypatch, PowerCut())
    pending = await PendingImport.get(id=number)
    assert (pending.state, pending.finished, await rooms_of()) == (ImportState.CHECKED, 0, ["R-2", "R-1"])
    assert (await refused(correct_row(number, owner, 3, {"name": "x"}, NOW))).code == "import.being_written"
    for hour in range(9):
        await send(MOVED.encode(), "lista.csv", None, owner, NOW + timedelta(hours=hour))
    await forget_old(NOW + timedelta(days=2))
    await undo.undo(number, owner, CLERK, NOW + timedelta(days=2))
    assert (await rooms_of(), await ImportedRecord.filter(import_number=number).count()) == (["R-1", "R-1"], 0)


async def test_an_outage_refuses_no_row_and_the_list_is_gone_on_with(
    owner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(owner)
    number = await broken_off(owner, MOVED, monkeypatch, Unavailable("internal.busy"))
    assert await rooms_of() == ["R-2", "R-1"]
    pending = await commit(number, owner, CLERK, NOW)
    assert (pending.state, await rooms_of()) == (ImportState.WRITTEN, ["R-2", "R-2"])
    assert [row["problems"] for row in record(pending)["rows"]] == [[], []]
    with monkeypatch.context() as patch:
        patch.setattr(updates, "perform", failing_at(2, updates.perform, Unavailable("database.away", reason="x")))
        assert (await refused(undo.undo(number, owner, CLERK, LATER))).code == "database.away"
    assert (await PendingImport.get(id=number)).state is ImportState.WRITTEN
    pending = await undo.undo(number, owner, CLERK, LATER)
    assert (pending.state, pending.records, await rooms_of()) == (ImportState.UNDONE, 0, ["R-1", "R-1"])
