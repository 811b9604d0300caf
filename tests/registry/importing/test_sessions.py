"""Lists between sending and writing: corrected, written once, and never lost by a process that ends."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from config.jobs import tidy
from registry.assets.models import Asset
from registry.core import seals
from registry.core.claims import CLAIM
from registry.core.errors import Conflict, Invalid, NotFound, Refusal, Unavailable
from registry.core.history import SYSTEM
from registry.importing import assets, batches, sessions
from registry.importing.batches import WritingProgress
from registry.importing.models import ImportedRecord, ImportState, PendingImport
from registry.importing.sessions import correct, find, send
from registry.importing.writing import commit
from registry.people.models import Person, Role
from tests.make import NOW, make_person, make_room

HEADER = "Nr inw.;Nazwa;KŚT;Data OT;Wartość;Pokój;Nr seryjny"
LIST = f"""{HEADER}
A/1;Stół;808;1.4.2022;10,00;;
A/1;Krzesło;808;30.2.2022;dużo;9.99;
;Lampa;808;1.4.2022;5,00;;
"""


@pytest.fixture
async def owner(database: Any) -> int:
    return (await make_person()).id


async def sent(owner: int, text: str = LIST, **more: Any) -> str:
    default = {"content": text.encode(), "file": "lista.csv", "family": None, "owner_id": owner, "now": NOW}
    return (await send(**default | more)).id


def rows(pending: PendingImport) -> dict[int, tuple[str, list[str]]]:
    report = sessions.record(pending)
    return {row["line"]: (row["status"], [problem["code"] for problem in row["problems"]]) for row in report["rows"]}


async def refused(work: Any) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        await work
    return refusal.value


async def test_a_list_waits_a_day_for_its_sender_alone(owner: int) -> None:
    number, other = await sent(owner), (await make_person()).id
    pending = await find(number, owner, NOW + timedelta(hours=23))
    assert (pending.state, pending.revision, len(sessions.record(pending)["rows"])) == (ImportState.CHECKED, 1, 3)
    for whose, when in ((other, NOW), (owner, NOW + timedelta(days=1))):
        assert isinstance(await refused(find(number, whose, when)), NotFound)
        assert isinstance(await refused(commit(number, whose, SYSTEM, when)), NotFound)
        assert isinstance(await refused(correct(number, whose, 2, {"name": "x"}, when)), NotFound)
    assert await Asset.all().count() == 0


async def test_a_day_begins_for_a_list_when_it_does_in_the_office(owner: int) -> None:
    text = f"{HEADER}\nA/1;Stół;808;27.11.2026;10,00;;\n"
    for hour, codes in ((22, ["DATE_IN_FUTURE"]), (23, [])):
        number = await sent(owner, text, now=NOW.replace(hour=hour, minute=30))
        assert rows(await find(number, owner, NOW)) == {2: ("warning" if codes else "ok", codes)}


async def test_what_waited_a_day_is_forgotten(owner: int) -> None:
    await sent(owner)
    late = await sent(owner, now=NOW + timedelta(hours=2))
    busy = await sent(owner, now=NOW)
    writing = {"state": ImportState.WRITING, "claimed_at": NOW + timedelta(days=1)}
    await PendingImport.filter(id=busy).update(**writing)
    await sessions.forget_old(NOW + timedelta(days=1))
    assert set(await PendingImport.all().values_list("id", flat=True)) == {late, busy}, "one is being written just now"
    await PendingImport.filter(id=busy).update(state=ImportState.CHECKED)
    await sessions.forget_old(NOW + timedelta(days=1, hours=3))
    assert await PendingImport.all().count() == 0


async def test_what_was_written_stays_known_for_a_year(owner: int) -> None:
    number = await sent(owner)
    await commit(number, owner, SYSTEM, NOW)
    soon, late = NOW + timedelta(days=365), NOW + sessions.KEPT + timedelta(days=1)
    await sessions.forget_old(soon)
    assert (await find(number, owner, soon)).records == 2
    await sessions.forget_old(late)
    assert (await PendingImport.all().count(), await ImportedRecord.all().count()) == (0, 0)


async def test_the_hourly_job_forgets_them(owner: int) -> None:
    await sent(owner, now=NOW - timedelta(days=3650))
    await tidy(NOW)
    assert await PendingImport.all().count() == 0


async def test_the_newest_eight_of_a_sender_are_kept(owner: int) -> None:
    other = await sent((await make_person()).id)
    numbers = [await sent(owner, now=NOW + timedelta(minutes=minute)) for minute in range(10)]
    assert set(await PendingImport.all().values_list("id", flat=True)) == {other, *numbers[2:]}


async def test_a_corrected_row_is_checked_again(owner: int) -> None:
    number = await sent(owner)
    room = await make_room(code="R-1")
    first = await correct(number, owner, 3, {"acquired_on": "28.2.2022", "Wartość": 12.5}, NOW)
    assert rows(first)[3] == ("error", ["DUPLICATE_INVENTORY_NO", "UNKNOWN_ROOM"])
    second = await correct(number, owner, 3, {"room": "R-1", "NR INW.": "A/2"}, NOW)
    assert rows(second)[3] == ("ok", []), "what was corrected before stays"
    assert second.revision == 3
    pending = await commit(number, owner, SYSTEM, NOW)
    assert (pending.state, pending.records, bytes(pending.content)) == (ImportState.WRITTEN, 3, b"")
    chair = await Asset.get(name="Krzesło")
    assert (chair.inventory_no, str(chair.price), chair.room_id) == ("A/2", "12.50", room.id)
    assert str(chair.accepted_on) == "2022-02-28"


async def test_a_correction_frees_the_other_row_too(owner: int) -> None:
    number = await sent(owner, f"{HEADER}\nA/1;A;;;1;;\nA/1;B;;;1;;")
    assert [status for status, _ in rows(await find(number, owner, NOW)).values()] == ["warning", "error"]
    pending = await correct(number, owner, 2, {"inventory_no": "A/0"}, NOW)
    assert [status for status, _ in rows(pending).values()] == ["warning", "warning"]


async def test_a_row_that_could_not_be_read_can_be_typed(owner: int) -> None:
    number = await sent(owner, f'{HEADER}\nA/1;"B;808;1.4.2022;1;;')
    assert rows(await find(number, owner, NOW))[2][0] == "error"
    typed = {"name": "B", "value": "1", "acquired_on": "1.4.2022"}
    assert rows(await correct(number, owner, 2, typed, NOW))[2] == ("warning", ["NO_INVENTORY_NO"])


@pytest.mark.parametrize(
    ("line", "cells", "code"),
    [
        (1, {"name": "x"}, "import.no_row"),
        (99, {"name": "x"}, "import.no_row"),
        (2, {"colour": "red"}, "import.no_column"),
        (2, {"name": "x", "Nazwa": "y"}, "request.duplicate_key"),
    ],
)
async def test_what_cannot_be_corrected(owner: int, line: int, cells: dict[str, Any], code: str) -> None:
    number = await sent(owner)
    assert (await refused(correct(number, owner, line, cells, NOW))).code == code
    assert (await find(number, owner, NOW)).revision == 1


async def test_what_was_corrected_meanwhile_is_stale(owner: int) -> None:
    number = await sent(owner)
    await correct(number, owner, 2, {"name": "Biurko"}, NOW, if_revision=1)
    for work in (
        correct(number, owner, 2, {"name": "Stół"}, NOW, if_revision=1),
        commit(number, owner, SYSTEM, NOW, if_revision=1),
    ):
        assert (await refused(work)).code == "request.stale"


async def test_corrections_made_at_once_are_all_kept(owner: int) -> None:
    number = await sent(owner)
    names = {2: "A", 3: "B", 4: "C"}
    answers = await asyncio.gather(
        *(correct(number, owner, line, {"name": name}, NOW) for line, name in names.items()), return_exceptions=True
    )
    lines = {int(line) for line in (await find(number, owner, NOW)).corrections}
    losers = {line for line, answer in zip(names, answers, strict=True) if isinstance(answer, BaseException)}
    assert all(isinstance(answer, PendingImport | Unavailable) for answer in answers), "whoever lost is told so"
    assert lines == set(names) - losers
    assert len(lines) >= 2


async def test_a_written_list_is_written_once_and_corrected_no_more(owner: int) -> None:
    number = await sent(owner)
    answers = [await commit(number, owner, SYSTEM, NOW) for _ in range(2)]
    assert [pending.records for pending in answers] == [2, 2]
    assert await Asset.all().count() == 2
    assert rows(answers[1])[2] == ("ok", []), "its own number is not told as taken"
    assert (await refused(correct(number, owner, 3, {"name": "x"}, NOW))).code == "import.written"


async def test_of_two_that_write_at_once_one_does(owner: int) -> None:
    number = await sent(owner, HEADER + "".join(f"\n;Lampa {row};;;1;;" for row in range(30)))
    answers = await asyncio.gather(*(commit(number, owner, SYSTEM, NOW) for _ in range(4)), return_exceptions=True)
    assert all(isinstance(one, PendingImport) or getattr(one, "code", "") == "import.being_written" for one in answers)
    assert await Asset.all().count() == 30


class PowerCut(BaseException):
    """The process ends in the middle."""


def cut_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let so many batches be written, two rows each, then nothing more until the patch is undone."""
    numbers = iter(range(count))
    register = assets.register_many

    async def failing(*arguments: Any) -> list[int]:
        if next(numbers, None) is None:
            raise PowerCut
        return await register(*arguments)

    monkeypatch.setattr(batches, "BATCH", 2)
    monkeypatch.setattr(assets, "register_many", failing)


UNNUMBERED = HEADER + "".join(f"\n{number};Lampa {row};;;1;;" for row, number in enumerate(["A/1", "", "A/3", "", ""]))


def ends(pending: PendingImport) -> None:
    """Whoever wrote had the time to say that it stops."""


def dies(pending: PendingImport) -> None:
    """It had not: the claim stands."""
    pending.state = ImportState.WRITING


@pytest.mark.parametrize("leaves", [ends, dies])
async def test_what_broke_half_way_goes_on_behind_what_is_written(
    owner: int, monkeypatch: pytest.MonkeyPatch, leaves: Callable[[PendingImport], None]
) -> None:
    """Rows without a number cannot be known again: only the mark keeps them from being written twice."""
    number = await sent(owner, UNNUMBERED)
    with monkeypatch.context() as patch:
        cut_after(1, patch)
        with pytest.raises(PowerCut):
            await commit(number, owner, SYSTEM, NOW)
    pending = await find(number, owner, NOW)
    assert (pending.state, pending.written_line, pending.records) == (ImportState.CHECKED, 3, 2)
    assert (await refused(correct(number, owner, 5, {"name": "x"}, NOW))).code == "import.being_written"
    leaves(pending)
    await pending.save(update_fields=["state"])
    pending = await commit(number, owner, SYSTEM, NOW + CLAIM)
    assert (pending.state, pending.records, await Asset.all().count()) == (ImportState.WRITTEN, 5, 5)
    assert {status for status, _ in rows(pending).values()} == {"warning"}, "no row is refused for its own number"
    assert (await seals.verify())[1] is None


async def test_a_list_that_is_being_written_is_left_alone(owner: int) -> None:
    number = await sent(owner)
    await PendingImport.filter(id=number).update(state=ImportState.WRITING, claimed_at=NOW)
    soon = NOW + CLAIM / 2
    for work in (commit(number, owner, SYSTEM, soon), correct(number, owner, 2, {"name": "x"}, soon)):
        refusal = await refused(work)
        assert isinstance(refusal, Conflict)
        assert refusal.code == "import.being_written"
    assert await Asset.all().count() == 0


async def test_who_was_taken_for_gone_writes_nothing_more(owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await sent(owner, UNNUMBERED)
    add = WritingProgress.add

    async def slow(self: WritingProgress, *arguments: Any) -> None:
        # another process, ten minutes later
        await PendingImport.filter(id=number).update(revision=9, state=ImportState.WRITING)
        await add(self, *arguments)

    monkeypatch.setattr(WritingProgress, "add", slow)
    assert (await refused(commit(number, owner, SYSTEM, NOW))).code == "import.being_written"
    assert await Asset.all().count() == 0


async def test_a_number_taken_between_check_and_writing_is_told(owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await sent(owner, f"{HEADER}\nA/1;A;;;1;;\nA/2;B;;;1;;")
    load = sessions.load_snapshot

    async def outdated(*roles: Any) -> Any:
        snapshot = await load(*roles)
        snapshot.inventory_keys.clear()
        snapshot.numbered.clear()
        return snapshot

    await Asset.create(inventory_no="A/2", name="of somebody else", price=1)
    monkeypatch.setattr(sessions, "load_snapshot", outdated)
    pending = await commit(number, owner, SYSTEM, NOW)
    assert (pending.records, rows(pending)[3][1][-1]) == (1, "INVENTORY_NO_TAKEN")


@pytest.mark.parametrize(
    ("role", "statuses"), [(Role.FACILITIES, ["ok", "error"]), (Role.ADMIN, ["ok", "ok"])], ids=str
)
async def test_a_role_is_given_by_who_manages_accounts_alone(database: Any, role: Role, statuses: list[str]) -> None:
    sender = (await make_person(role=role)).id
    number = await sent(sender, "login;nazwa_roli;rola_w_systemie\nania;rola;member\nszef;rola;admin")
    assert [status for status, _ in rows(await find(number, sender, NOW)).values()] == statuses
    pending = await commit(number, sender, SYSTEM, NOW)
    assert pending.records == statuses.count("ok")
    assert await Person.filter(login="szef").exists() == (role is Role.ADMIN)


async def test_who_manages_accounts_no_more_gives_no_role(owner: int) -> None:
    await Person.filter(id=owner).update(role=Role.ADMIN)
    number = await sent(owner, "login;nazwa_roli;rola_w_systemie\nszef;rola;admin")
    await Person.filter(id=owner).update(role=Role.FACILITIES)
    assert rows(await commit(number, owner, SYSTEM, NOW))[2] == ("error", ["ROLE_NOT_YOURS"])
    assert not await Person.filter(login="szef").exists()


async def test_a_list_that_cannot_be_read_is_not_kept(owner: int) -> None:
    assert isinstance(await refused(sent(owner, "ala;ma;kota")), Invalid)
    assert await PendingImport.all().count() == 0
