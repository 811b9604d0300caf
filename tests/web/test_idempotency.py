"""Every POST of the API: sent again with its Idempotency-Key it does nothing more and is answered byte for byte, but
for a secret that is told once.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from tortoise import Tortoise

from registry.assets.number_sequences import NewScheme, add_scheme
from registry.bookings.models import Booking
from registry.core.history import SYSTEM
from registry.core.idempotency import IdempotencyKey
from registry.core.transaction import transaction
from registry.devices import pairing
from registry.documents.models import Document
from registry.outbox import letters
from registry.outbox.actions import NewNotice, tell
from registry.outbox.letters import Delivery, SortingPlan
from registry.outbox.models import LetterState
from registry.people.models import Person
from registry.rooms.models import Building
from tests.make import drawing, make_asset, make_building
from tests.web.conftest import API, Office, soon, wish
from web.outbox.letters import LetterText
from web.system.desk import NoDesk

pytestmark = pytest.mark.anyio
LIST = "nr inw;nazwa;cena;data zakupu\nA/1;Stół;12,50;2022-01-05\n".encode("cp1250")
Call = tuple[str, dict[str, Any]]


async def a_booking(office: Office) -> Call:
    return "/bookings", {"json": wish(48, "M-2", title="Narada")}


async def a_series(office: Office) -> Call:
    starts_at = soon(48).replace(second=0)
    times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=1)).isoformat()}
    return "/series", {"json": {"room": "M-2", "title": "Narada", "rrule": "FREQ=WEEKLY;COUNT=3"} | times}


async def a_preview_of_a_series(office: Office) -> Call:
    path, content = await a_series(office)
    return f"{path}/preview", content


async def a_preview_of_a_change(office: Office) -> Call:
    path, content = await a_series(office)
    series = (await office.post(path, who="admin", **content)).json()
    return f"/series/{series['id']}/preview", {"json": {"title": "Zespół"}}


async def a_check_in(office: Office) -> Call:
    return f"/bookings/{(await office.held('M-1', 0.1)).id}/check-in", {}


async def an_extension(office: Office) -> Call:
    return f"/bookings/{(await office.held('M-1', -0.5, status='checked_in')).id}/extend", {"json": {"minutes": 10}}


async def an_end(office: Office) -> Call:
    return f"/bookings/{(await office.held('M-1', -0.5, status='checked_in')).id}/end", {"json": {}}


async def a_cancellation(office: Office) -> Call:
    return f"/bookings/{(await office.held('M-1')).id}/cancel", {"json": {"reason": "choroba"}}


async def an_undoing(office: Office) -> Call:
    booking = await office.held("M-1", -0.3)
    gone = soon(-0.05)
    await Booking.filter(id=booking.id).update(status="released", released_at=gone, ends_at=gone, blocked_to=gone)
    return f"/bookings/{booking.id}/undo-release", {}


async def _asked(office: Office) -> Booking:
    return await office.held("M-1", status="tentative")


async def an_approval(office: Office) -> Call:
    return f"/bookings/{(await _asked(office)).id}/approve", {}


async def a_rejection(office: Office) -> Call:
    return f"/bookings/{(await _asked(office)).id}/reject", {"json": {"reason": "x"}}


async def an_undone_answer(office: Office) -> Call:
    booking = await _asked(office)
    await office.post(f"/bookings/{booking.id}/approve", who="admin")
    return f"/bookings/{booking.id}/undo-answer", {}


async def _a_document(office: Office) -> int:
    asset = await make_asset(room=office.rooms["M-1"])
    await office.post(f"/assets/{asset.id}/transitions/move", {"room": "M-2"}, "admin")
    return (await Document.get()).id


async def a_signature(office: Office) -> Call:
    return f"/documents/{await _a_document(office)}/sign", {"json": {"side": "giver"}}


async def a_cancelled_document(office: Office) -> Call:
    return f"/documents/{await _a_document(office)}/cancel", {"json": {"reason": "x"}}


async def a_permission(office: Office) -> Call:
    asset = await make_asset(durable_until=datetime.now(UTC).date() + timedelta(days=9))
    return f"/assets/{asset.id}/durability-override", {"json": {"reason": "x"}}


async def a_permission_taken_back(office: Office) -> Call:
    url, content = await a_permission(office)
    await office.post(url, who="coordinator", **content)
    return f"{url}/withdraw", {"json": {"reason": "x"}}


async def a_second_key(office: Office) -> Call:
    url, content = await a_permission(office)
    await office.post(url, who="coordinator", **content)
    return f"{url}/confirm", {}


async def a_feed(office: Office) -> Call:
    return "/feeds", {"json": {"of": "room", "code": "M-1"}}


async def opening_hours(office: Office) -> Call:
    spans = [{"weekday": 1, "opens": "08:00", "closes": "16:00"}]
    return "/opening-profiles", {"json": {"code": "office", "spans": spans}}


async def a_block(office: Office) -> Call:
    span = {name: one.isoformat() for name, one in (("starts_at", soon(24)), ("ends_at", soon(30)))}
    return "/blocks", {"json": {"rooms": ["M-1", "M-2"], "reason": "malowanie"} | span}


async def a_block_taken_back(office: Office) -> Call:
    path, content = await a_block(office)
    return f"{path}/{(await office.post(path, who='admin', **content)).json()['id']}/cancel", {}


async def some_works(office: Office) -> Call:
    days = {"starts_on": "2026-12-07", "ends_on": "2026-12-18"}
    return "/works", {"json": {"name": "Remont", "rooms": ["M-1"]} | days}


async def a_stocktake(office: Office) -> Call:
    body = {"areas": ["M-1"], "committee": ["admin", "bob"], "as_of": soon(0).date().isoformat(), "blind": False}
    return "/stocktakes", {"json": body}


async def _of_stocktake(office: Office, *acts: str, opens: bool = True) -> str:
    path, content = await a_stocktake(office)
    answer = await office.post(path, content["json"] | {"opens": opens}, "admin")
    url = f"{path}/{answer.json()['id']}"
    for act in acts:
        body: dict[str, Any] = {}
        if act == "value":
            rows = (await office.get(f"{url}/differences", "admin")).json()["differences"]
            body = {"differences": [{"key": row["key"], "explanation": "x"} for row in rows]}
        assert (await office.post(f"{url}/{act}", body, "admin")).is_success
    return url


async def an_opened_count(office: Office) -> Call:
    return f"{await _of_stocktake(office, opens=False)}/open", {}


async def a_counted_thing(office: Office) -> Call:
    return f"{await _of_stocktake(office)}/scans", {"json": {"room": "M-1", "name": "krzesło"}}


async def a_struck_entry(office: Office) -> Call:
    url, content = await a_counted_thing(office)
    number = (await office.post(url, who="admin", **content)).json()["id"]
    return f"{url}/{number}/strike", {"json": {"reason": "x"}}


async def a_recount(office: Office) -> Call:
    return f"{await _of_stocktake(office)}/recount", {"json": {"area": "M-1", "reason": "x"}}


async def a_closed_count(office: Office) -> Call:
    return f"{await _of_stocktake(office)}/close", {}


async def a_corrected_sheet(office: Office) -> Call:
    url, content = await a_counted_thing(office)
    await office.post(url, who="admin", **content)
    closed = await office.post(f"{url.removesuffix('/scans')}/close", {}, "admin")
    sheet = f"{url.removesuffix('/scans')}/sheets/{closed.json()['sheets'][0]['id']}"
    return f"{sheet}/correct", {"json": {"line": 1, "quantity": 2, "reason": "x"}}


async def a_signed_sheet(office: Office) -> Call:
    url, _ = await a_corrected_sheet(office)
    return f"{url.removesuffix('/correct')}/sign", {"json": {"side": "team"}}


async def a_valuation(office: Office) -> Call:
    url = await _of_stocktake(office, "close")
    rows = (await office.get(f"{url}/differences", "admin")).json()["differences"]
    return f"{url}/value", {"json": {"differences": [{"key": row["key"], "explanation": "x"} for row in rows]}}


async def a_settlement(office: Office) -> Call:
    return f"{await _of_stocktake(office, 'close', 'value')}/settle", {}


async def a_draft_carried_out(office: Office) -> Call:
    url = await _of_stocktake(office, "close", "value", "settle")
    tasks = (await office.get(f"{url}/differences", "admin")).json()["tasks"]
    return f"{url}/tasks/{tasks[0]['id']}/carry-out", {}


async def _of_works(office: Office, act: str) -> str:
    path, content = await some_works(office)
    return f"{path}/{(await office.post(path, who='admin', **content)).json()['id']}/{act}"


async def works_finished(office: Office) -> Call:
    return await _of_works(office, "finish"), {}


async def works_called_off(office: Office) -> Call:
    return await _of_works(office, "cancel"), {}


async def a_block_for_works(office: Office) -> Call:
    span = {name: one.isoformat() for name, one in (("starts_at", soon(24)), ("ends_at", soon(30)))}
    return await _of_works(office, "blocks"), {"json": {"reason": "malowanie"} | span}


async def a_piece(office: Office) -> Call:
    return "/assets", {"json": {"name": "Lampa", "price": 99.99, "room": "M-1"}}


async def a_number(office: Office) -> Call:
    await add_scheme(NewScheme("ZAM", "{unit}/{seq}", date(2020, 1, 1)), SYSTEM, soon(0))
    return f"/assets/{(await make_asset(inventory_no=None)).id}/number", {"json": {"unit": "ZAM"}}


async def a_split(office: Office) -> Call:
    asset = await make_asset(quantity=12)
    return f"/assets/{asset.id}/split", {"json": {"quantity": 3, "room": "M-2"}}


async def a_joint(office: Office) -> Call:
    one, other = await make_asset(), await make_asset()
    return f"/assets/{one.id}/join", {"json": {"assets": [other.id]}}


async def a_rule_for_numbers(office: Office) -> Call:
    return "/numbering", {"json": {"unit": "KPUW", "template": "{unit}/{seq:5}", "starts_on": "2026-01-01"}}


async def a_move(office: Office) -> Call:
    return f"/assets/{(await make_asset()).id}/transitions/move", {"json": {"room": "M-2"}}


async def a_move_of_many(office: Office) -> Call:
    return "/transitions/move", {"json": {"ids": [(await make_asset()).id for _ in range(2)], "room": "M-2"}}


async def a_view(office: Office) -> Call:
    return "/views", {"json": {"name": "Sala", "query": "room=M-1"}}


async def a_bulk_change(office: Office) -> Call:
    piece = await make_asset()
    return "/bulk-changes", {"json": {"act": "move", "ids": [piece.id], "room": "M-2"}}


async def a_bulk_commit(office: Office) -> Call:
    path, content = await a_bulk_change(office)
    number = (await office.post(path, who="admin", **content)).json()["id"]
    return f"{path}/{number}/commit", {}


async def a_link(office: Office) -> Call:
    return "/tags/0000000/link", {"json": {"asset": (await make_asset()).id}}


async def a_loss(office: Office) -> Call:
    path, content = await a_link(office)
    await office.post(path, who="admin", **content)
    return "/tags/0000000/lost", {}


async def a_scan(office: Office) -> Call:
    return "/scans", {"json": {"code": "590"}}


async def a_move_of_scanned(office: Office) -> Call:
    return "/scans/moves", {"json": {"room": "M-1", "pieces": [{"asset": (await make_asset()).id}]}}


async def a_set(office: Office) -> Call:
    return "/sets", {"json": {"name": "Zestaw", "assets": [(await make_asset()).id]}}


async def _a_set_made(office: Office) -> int:
    path, content = await a_set(office)
    return int((await office.post(path, who="admin", **content)).json()["id"])


async def a_dissolution(office: Office) -> Call:
    return f"/sets/{await _a_set_made(office)}/dissolve", {}


async def a_move_of_a_set(office: Office) -> Call:
    return f"/sets/{await _a_set_made(office)}/transitions/move", {"json": {"room": "M-1"}}


async def a_category(office: Office) -> Call:
    return "/categories", {"json": {"name": "Projektory"}}


async def a_merging(office: Office) -> Call:
    for name in ("Projektory", "Rzutniki"):
        assert (await office.post("/categories", {"name": name}, "facilities")).status_code == 201
    return "/categories/projektory/merge", {"json": {"into": "rzutniki"}}


async def a_list(office: Office) -> Call:
    return "/imports", {"files": {"file": ("lista.csv", LIST)}}


async def a_commit(office: Office) -> Call:
    session = await office.post("/imports", who="admin", files={"file": ("lista.csv", LIST)})
    return f"/imports/{session.json()['id']}/commit", {}


async def an_undoing_of_a_list(office: Office) -> Call:
    path, content = await a_commit(office)
    await office.post(path, who="admin", **content)
    return path.replace("/commit", "/undo"), {}


async def a_binding(office: Office) -> Call:
    return "/devices/hall/bind", {"json": {"family": "tasmota", "address": "x", "sensing": "pir", "room": "M-1"}}


async def a_pairing(office: Office) -> Call:
    return "/panels/pair", {"json": {"code": pairing.offer(datetime.now(UTC)).code, "room": "M-1"}}


async def a_report(office: Office) -> Call:
    return "/faults", {"json": {"room": "M-1", "kind": "light"}}


async def a_mending(office: Office) -> Call:
    filed = await office.post("/faults", {"room": "M-1", "kind": "light"})
    return f"/faults/{filed.json()['id']}/resolve", {"json": {"text": "wymieniona"}}


async def a_photo(office: Office) -> Call:
    return f"/assets/{(await make_asset()).id}/files", {"files": {"file": ("a.png", drawing())}}


async def _a_photo_on(office: Office) -> tuple[int, int]:
    path, content = await a_photo(office)
    answer = await office.post(path, who="admin", **content)
    return int(path.split("/")[2]), answer.json()["id"]


async def a_photo_of_a_fault(office: Office) -> Call:
    answer = await office.post("/faults", who="admin", json={"room": "M-1", "text": "x"})
    return f"/faults/{answer.json()['id']}/files", {"files": {"file": ("a.png", drawing())}}


async def a_removal_undone(office: Office) -> Call:
    asset, file = await _a_photo_on(office)
    await office.call("DELETE", f"/assets/{asset}/files/{file}", "admin")
    return f"/assets/{asset}/files/{file}/put-back", {}


async def a_photo_of_more(office: Office) -> Call:
    _, file = await _a_photo_on(office)
    return f"/files/{file}/attach", {"json": {"assets": [(await make_asset()).id]}}


async def a_person(office: Office) -> Call:
    return "/people", {"json": {"login": "nowa.osoba", "name": "Nowa Osoba", "role": "member"}}


async def an_invitation(office: Office) -> Call:
    return "/people/bob/invite", {}


async def a_departure(office: Office) -> Call:
    await make_asset(custodian=office.people["bob"])
    return "/people/bob/deactivate", {"json": {"hand_over_to": "alice"}}


async def an_institution(office: Office) -> Call:
    return "/institutions", {"json": {"code": "OIRP", "name": "Izba"}}


async def a_reading(office: Office) -> Call:
    await a_dead_letter(office)
    return "/notices/read", {}


async def _letter(office: Office) -> int:
    now, alice = datetime.now(UTC), office.people["alice"]
    await Person.filter(id=alice.id).update(mail="alice@urzad.example")
    async with transaction() as change:
        await tell(change, [NewNotice(alice.id, "booking.cancelled", "x")], now)
    await letters.sort_out(SortingPlan(True, frozenset(), 20, ZoneInfo("Europe/Warsaw")), now)
    (parcel,) = await letters.claim(1, now)
    await letters.settle([Delivery(parcel.letter, LetterState.DEAD, "550")], now)
    return parcel.letter.id


async def a_dead_letter(office: Office) -> Call:
    return f"/outbox/{await _letter(office)}/send-again", {}


async def a_dropped_letter(office: Office) -> Call:
    return f"/outbox/{await _letter(office)}/drop", {}


class SendingDesk(NoDesk):
    async def send_trial(self, letter: LetterText, address: str, name: str, now: datetime) -> None:
        assert letter.subject


async def a_trial_letter(office: Office) -> Call:
    office.app.state.desk = SendingDesk(datetime.now(UTC))
    return "/settings/mail/trial", {"json": {"to": "szef@urzad.example"}}


async def a_room(office: Office) -> Call:
    building = await make_building(code="DOM")
    return "/rooms", {"json": {"code": "N-1", "building": building.code, "names": {"pl": "Nowe"}}}


async def a_closing(office: Office) -> Call:
    return "/rooms/M-1/close", {"json": {"reason": "remont"}}


async def a_reopening(office: Office) -> Call:
    await office.post("/rooms/M-1/close", who="admin")
    return "/rooms/M-1/reopen", {}


async def a_room_photo(office: Office) -> Call:
    return "/rooms/M-1/photo", {"files": {"file": ("a.png", drawing())}}


async def a_plan(office: Office) -> Call:
    building = await Building.get(id=office.rooms["M-1"].building_id)
    return f"/plans/{building.code}/0/picture", {"files": {"file": ("a.png", drawing(200, 200))}}


async def a_site(office: Office) -> Call:
    return "/sites", {"json": {"name": "Grudziądz"}}


async def a_building(office: Office) -> Call:
    site = await (await make_building()).site
    return "/buildings", {"json": {"site": site.code, "code": "DOM", "address": "Bydgoszcz, Długa 1"}}


async def a_closed_building(office: Office) -> Call:
    return f"/buildings/{(await make_building()).code}/close", {}


async def a_reopened_building(office: Office) -> Call:
    path, content = await a_closed_building(office)
    await office.post(path, who="admin")
    return path.replace("/close", "/reopen"), content


POSTS: dict[str, Callable[[Office], Awaitable[Call]]] = {
    "/bookings": a_booking,
    "/bookings/{booking_id}/check-in": a_check_in,
    "/bookings/{booking_id}/extend": an_extension,
    "/bookings/{booking_id}/end": an_end,
    "/bookings/{booking_id}/cancel": a_cancellation,
    "/bookings/{booking_id}/undo-release": an_undoing,
    "/bookings/{booking_id}/approve": an_approval,
    "/bookings/{booking_id}/reject": a_rejection,
    "/bookings/{booking_id}/undo-answer": an_undone_answer,
    "/series": a_series,
    "/series/preview": a_preview_of_a_series,
    "/series/{series_id}/preview": a_preview_of_a_change,
    "/rooms": a_room,
    "/rooms/{code}/close": a_closing,
    "/rooms/{code}/reopen": a_reopening,
    "/rooms/{code}/photo": a_room_photo,
    "/plans/{building}/{floor}/picture": a_plan,
    "/sites": a_site,
    "/buildings": a_building,
    "/buildings/{code}/close": a_closed_building,
    "/buildings/{code}/reopen": a_reopened_building,
    "/blocks": a_block,
    "/stocktakes": a_stocktake,
    "/stocktakes/{stocktake_id}/open": an_opened_count,
    "/stocktakes/{stocktake_id}/scans": a_counted_thing,
    "/stocktakes/{stocktake_id}/scans/{sighting_id}/strike": a_struck_entry,
    "/stocktakes/{stocktake_id}/recount": a_recount,
    "/stocktakes/{stocktake_id}/close": a_closed_count,
    "/stocktakes/{stocktake_id}/sheets/{sheet_id}/correct": a_corrected_sheet,
    "/stocktakes/{stocktake_id}/sheets/{sheet_id}/sign": a_signed_sheet,
    "/stocktakes/{stocktake_id}/value": a_valuation,
    "/stocktakes/{stocktake_id}/settle": a_settlement,
    "/stocktakes/{stocktake_id}/tasks/{task_id}/carry-out": a_draft_carried_out,
    "/works": some_works,
    "/works/{works_id}/finish": works_finished,
    "/works/{works_id}/cancel": works_called_off,
    "/works/{works_id}/blocks": a_block_for_works,
    "/opening-profiles": opening_hours,
    "/blocks/{block_id}/cancel": a_block_taken_back,
    "/assets": a_piece,
    "/assets/{asset_id}/number": a_number,
    "/assets/{asset_id}/split": a_split,
    "/assets/{asset_id}/join": a_joint,
    "/numbering": a_rule_for_numbers,
    "/assets/{asset_id}/files": a_photo,
    "/assets/{asset_id}/files/{file_id}/put-back": a_removal_undone,
    "/files/{file_id}/attach": a_photo_of_more,
    "/assets/{asset_id}/transitions/{name}": a_move,
    "/transitions/{name}": a_move_of_many,
    "/bulk-changes": a_bulk_change,
    "/views": a_view,
    "/bulk-changes/{number}/commit": a_bulk_commit,
    "/tags/{code}/link": a_link,
    "/tags/{code}/lost": a_loss,
    "/scans": a_scan,
    "/scans/moves": a_move_of_scanned,
    "/feeds": a_feed,
    "/documents/{document_id}/sign": a_signature,
    "/documents/{document_id}/cancel": a_cancelled_document,
    "/assets/{asset_id}/durability-override": a_permission,
    "/assets/{asset_id}/durability-override/confirm": a_second_key,
    "/assets/{asset_id}/durability-override/withdraw": a_permission_taken_back,
    "/sets": a_set,
    "/categories": a_category,
    "/categories/{code}/merge": a_merging,
    "/sets/{set_id}/dissolve": a_dissolution,
    "/sets/{set_id}/transitions/{name}": a_move_of_a_set,
    "/imports": a_list,
    "/imports/{number}/commit": a_commit,
    "/imports/{number}/undo": an_undoing_of_a_list,
    "/faults": a_report,
    "/faults/{fault_id}/{act}": a_mending,
    "/faults/{fault_id}/files": a_photo_of_a_fault,
    "/devices/{device}/bind": a_binding,
    "/panels/pair": a_pairing,
    "/people": a_person,
    "/people/{login}/invite": an_invitation,
    "/people/{login}/deactivate": a_departure,
    "/institutions": an_institution,
    "/notices/read": a_reading,
    "/outbox/{letter_id}/send-again": a_dead_letter,
    "/outbox/{letter_id}/drop": a_dropped_letter,
    "/settings/mail/trial": a_trial_letter,
}


# fields that open something: they are stored nowhere, and those that cannot be derived are told once
SECRETS = {"/feeds": ("url",), "/people/{login}/invite": ("link", "code")}
TOLD_ONCE = {"/people/{login}/invite"}


async def test_every_post_says_that_it_takes_a_key(office: Office) -> None:
    described = (await office.get(f"{API}/openapi.json", None)).json()["paths"]
    posts = {path.removeprefix(API): methods["post"] for path, methods in described.items() if "post" in methods}
    assert set(posts) == set(POSTS), "give the new one its line here"
    for path, operation in posts.items():
        headers = {one["name"]: one["schema"] for one in operation["parameters"] if one["in"] == "header"}
        assert headers["Idempotency-Key"].get("maxLength") == 200, path


async def rows() -> dict[str, list[Any]]:
    """All that is in the database."""
    models = Tortoise.apps["registry"].values()
    return {model.__name__: await model.all().order_by(model._meta.pk_attr).values() for model in models}


def sent_back(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    return answer.status_code, answer.content, dict(answer.headers)


@pytest.mark.parametrize("path", POSTS)
async def test_a_repeated_post_does_nothing_more_and_is_answered_the_same(office: Office, path: str) -> None:
    url, content = await POSTS[path](office)
    headers = {"Idempotency-Key": "the same"}
    first = await office.post(url, who="admin", headers=headers, **content)
    assert first.is_success, first.text
    (key,) = await IdempotencyKey.all()
    assert key.status == first.status_code
    assert key.body == first.text or path in SECRETS
    before = await rows()
    again = await office.post(url, who="admin", headers=headers, **content)
    if path in TOLD_ONCE:
        assert again.json() == first.json() | dict.fromkeys(SECRETS[path])
    else:
        assert sent_back(again) == sent_back(first)
    assert await rows() == before
    others = await office.post(f"/assets/{(await make_asset()).id}/transitions/mend", who="admin", headers=headers)
    assert (others.status_code, others.json()["code"]) == (409, "request.key_reused")
    theirs = await office.post(url, who="charlie", headers=headers, **content)
    if path in ("/scans", "/notices/read", "/series/preview"):  # anybody may scan, read what is their own, and ask
        assert theirs.is_success
    elif path in ("/feeds", "/views"):  # anybody may have one: their own
        assert theirs.json()["id"] != first.json()["id"]
    elif path == "/faults":  # anybody who works here may say the same: the key is their own, and so is the report
        assert theirs.json()["reports"] == 2
    else:
        assert not theirs.is_success, "a key belongs to its person"


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("path", SECRETS)
async def test_what_opens_something_is_not_stored_with_the_answer(office: Office, path: str) -> None:
    url, content = await POSTS[path](office)
    first = await office.post(url, who="admin", headers={"Idempotency-Key": "k"}, **content)
    (key,) = await IdempotencyKey.all()
    for field in SECRETS[path]:
        assert first.json()[field]
        assert json.loads(key.body or "")[field] is None
    stored = str(await rows())
    assert not [field for field in SECRETS[path] if first.json()[field] in stored]
    assert first.json()[SECRETS[path][0]].split("/")[4] not in stored


async def test_a_key_without_end_is_refused(office: Office) -> None:
    for url, content in (await a_booking(office), await a_piece(office)):
        refused = await office.post(url, who="admin", headers={"Idempotency-Key": "k" * 201}, **content)
        assert (refused.status_code, refused.json()["code"]) == (422, "request.bad_field")
        assert refused.json()["params"]["field"] == "Idempotency-Key"
    assert await Booking.all().count() == 0
