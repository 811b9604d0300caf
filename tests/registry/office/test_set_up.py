"""The first start: one code, one first administrator, nothing half done."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.core.ciphers import SecretText, decrypted
from registry.core.errors import Conflict, Refusal
from registry.core.events import Event, OfficeChanged, PlacesChanged, on
from registry.core.history import SYSTEM, HistoryEntry
from registry.office import actions, queries
from registry.office.actions import FirstAdministrator, WholeSetUp
from registry.office.models import OfficeSetting, SetUp
from registry.office.rules import FirstStep
from registry.people.models import Person
from registry.rooms.models import Building, Room, Site
from registry.rooms.places import NewBuilding, NewRoom, NewSite
from tests.conftest import Database
from tests.make import NOW, make_person, make_room, refused

pytestmark = pytest.mark.usefixtures("database")
ADMIN = FirstAdministrator("informatyk", "informatyk", "cztery zwykłe słowa")
KEY = "k" * 40
WHOLE = WholeSetUp(
    {"office_name": "Urząd Próbny"}, ADMIN, NewSite("bydgoszcz", "Bydgoszcz"), NewBuilding("B-1", "Próbna 1"),
    [NewRoom("A-1", "Sala A"), NewRoom("A-2", "Sala B")],
)  # fmt: skip


async def test_the_code_opens_the_set_up_however_it_is_typed_and_only_its_hash_is_stored() -> None:
    code = await actions.new_code(NOW)
    row = await SetUp.get()
    assert code.replace("-", "") not in row.code_hash
    typed = f" {code.lower().replace('-', ' ')} "
    assert await actions.check_code(typed, "10.0.0.1", NOW) == row.code_made_at == await queries.code_made_at()


async def test_a_newer_code_makes_the_one_before_void() -> None:
    first = await actions.new_code(NOW)
    await actions.new_code(NOW + timedelta(seconds=1))
    assert (await refused(actions.check_code(first, "", NOW))).code == "setup.bad_code"


async def test_a_guessed_code_is_counted_refused_and_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    code = await actions.new_code(NOW)
    with caplog.at_level(logging.WARNING):
        refusals = [await refused(actions.check_code("AAAA-AAAA", "10.0.0.9", NOW)) for _ in range(5)]
    assert [refusal.params.get("left") for refusal in refusals] == [4, 3, 2, 1, None]
    assert caplog.text.count("a wrong set-up code was tried from 10.0.0.9") == 5
    assert "AAAA" not in caplog.text
    waiting = await refused(actions.check_code(code, "10.0.0.1", NOW + timedelta(seconds=30)))
    assert (waiting.code, waiting.params["seconds"]) == ("setup.too_many", 31)
    assert await actions.check_code(code, "10.0.0.1", NOW + timedelta(seconds=61))
    assert (await SetUp.get()).attempts == 0


async def test_without_a_code_none_is_right() -> None:
    assert (await refused(actions.check_code("", "", NOW))).code == "setup.bad_code"
    assert await queries.code_made_at() is None


async def test_of_two_who_set_up_at_once_one_wins_and_the_other_is_told() -> None:
    await actions.new_code(NOW)
    other = replace(ADMIN, login="druga")
    outcomes = await asyncio.gather(
        actions.add_administrator(ADMIN, SYSTEM, NOW),
        actions.add_administrator(other, SYSTEM, NOW),
        return_exceptions=True,
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert [(type(refusal), refusal.code) for refusal in refusals] == [(Conflict, "setup.over")]
    (person,) = await Person.all()
    assert person.role == "admin"
    assert await queries.code_made_at() is None


@pytest.mark.parametrize("connections", [4])
async def test_a_button_pressed_twice_stores_a_setting_once(connections: int) -> None:
    values = {"office_name": "Urząd Próbny"}
    await asyncio.gather(*(actions.change_settings(values, SYSTEM, NOW) for _ in range(4)))
    assert (await OfficeSetting.get()).value == "Urząd Próbny"
    assert [entry.action async for entry in HistoryEntry.all()] == ["settings changed"]


async def test_once_somebody_has_an_account_there_is_no_code() -> None:
    await make_person()
    assert (await refused(actions.new_code(NOW))).code == "setup.over"
    assert (await refused(actions.check_code("AAAA-AAAA", "", NOW))).code == "setup.over"


async def test_all_at_once_is_all_or_nothing() -> None:
    clash = replace(WHOLE, rooms=[NewRoom("A-1", "Sala A"), NewRoom("A-1", "Sala B")])
    assert (await refused(actions.set_up(clash, SYSTEM, NOW))).code == "room.exists"
    assert [await model.all().count() for model in (Person, Site, Building, Room, HistoryEntry)] == [0, 0, 0, 0, 0]
    events: list[Event] = []
    off = on(events.append)
    await actions.set_up(WHOLE, SYSTEM, NOW)
    off()
    assert events == [OfficeChanged(), PlacesChanged()]
    assert await queries.office_settings() == {"office_name": "Urząd Próbny"}
    progress = await queries.progress()
    assert progress.is_whole
    assert progress.is_named
    assert (await refused(actions.set_up(WHOLE, SYSTEM, NOW))).code == "setup.over"


async def test_a_place_of_a_taken_code_is_refused() -> None:
    site = await actions.add_site(NewSite("s", "S"), SYSTEM, NOW)
    assert (await refused(actions.add_site(NewSite("s", "T"), SYSTEM, NOW))).code == "place.code_taken"
    building = await actions.add_building(NewBuilding("b", "B"), site.id, SYSTEM, NOW)
    assert (await refused(actions.add_building(NewBuilding("b", "C"), site.id, SYSTEM, NOW))).code == "place.code_taken"
    assert (await refused(actions.add_site(NewSite("", "T"), SYSTEM, NOW))).code == "place.bad_code"
    room = await actions.add_room(NewRoom("A-1", "Sala"), building.id, SYSTEM, NOW)
    assert (room.number, room.bookable) == ("A-1", True)
    assert {entry.object for entry in await HistoryEntry.filter(action="added")} == {
        f"site:{site.id}", f"building:{building.id}", f"room:{room.id}",
    }  # fmt: skip


async def test_a_setting_is_stored_once_changed_and_told_with_what_was_before() -> None:
    events: list[Event] = []
    off = on(events.append)
    for name in ("Urząd", "Urząd", "Nowy urząd", None):
        await actions.change_settings({"office_name": name}, SYSTEM, NOW)
    off()
    entries = await HistoryEntry.filter(object="office:1").order_by("seq")
    assert [(entry.before["office_name"], entry.after["office_name"]) for entry in entries] == [
        (None, "Urząd"), ("Urząd", "Nowy urząd"), ("Nowy urząd", None),
    ]  # fmt: skip
    assert len(events) == 3
    assert await queries.office_settings() == {}


async def test_a_secret_is_stored_encrypted_and_its_history_says_that_it_changed() -> None:
    for secret in (SecretText("tajne-haslo", KEY), SecretText("nowe-haslo", KEY), None):
        await actions.change_settings({"smtp_password": secret}, SYSTEM, NOW)
        for row in await OfficeSetting.all():
            assert row.is_secret
            assert secret is not None
            assert decrypted(row.value, KEY) == secret.text
    entries = await HistoryEntry.filter(object="office:1").order_by("seq")
    assert [(entry.before["smtp_password"], entry.after["smtp_password"]) for entry in entries] == [
        (None, "set"), ("set", "changed"), ("set", None),
    ]  # fmt: skip


async def test_a_stored_password_goes_to_no_other_server_whatever_the_caller_knows_of_it() -> None:
    await actions.change_settings({"smtp_host": "poczta", "smtp_password": SecretText("x", KEY)}, SYSTEM, NOW)
    assert (
        await refused(actions.change_settings({"smtp_host": "obca"}, SYSTEM, NOW))
    ).code == "settings.password_again"
    await actions.change_settings({"smtp_host": "obca", "smtp_password": None}, SYSTEM, NOW)
    assert await queries.office_settings() == {"smtp_host": "obca"}


async def test_the_first_steps_are_what_is_there_and_one_is_put_off_and_taken_up(database: Database) -> None:
    assert await queries.first_steps() is None, "an office that was not set up by the set-up has long begun"
    await actions.set_up(WHOLE, SYSTEM, NOW)
    await make_room()
    steps = await queries.first_steps()
    assert steps
    counts, put_off = steps
    steps_counted = (FirstStep.ROOMS, FirstStep.PEOPLE, FirstStep.HOURS, FirstStep.PANEL)
    assert [counts[step] for step in steps_counted] == [3, 1, 0, 0]
    assert put_off == frozenset()
    await actions.put_off(FirstStep.LABELS, True, SYSTEM, NOW)
    await actions.put_off(FirstStep.LABELS, True, SYSTEM, NOW)
    assert (await queries.first_steps() or ({}, ""))[1] == {"labels"}
    await actions.put_off(FirstStep.LABELS, False, SYSTEM, NOW)
    assert (await queries.first_steps() or ({}, ""))[1] == frozenset()


async def test_a_wrong_code_after_the_set_up_is_over_changes_nothing() -> None:
    await actions.new_code(NOW)
    await actions.add_administrator(ADMIN, SYSTEM, NOW)
    refusal = await refused(actions.check_code("AAAA-AAAA", "", NOW))
    assert isinstance(refusal, Conflict)
