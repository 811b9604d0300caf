"""What a grant keeps here leaves by no way but the two keys. On both databases."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import pytest

from registry.assets.durability import (
    ask_override,
    binds,
    confirm_override,
    override_of,
    share_of_days_to_come,
    withdraw_override,
)
from registry.assets.models import Asset, DurabilityOverride, FundingShare, Lifecycle
from registry.assets.transitions import TRANSITIONS, Answers
from registry.core.errors import Refusal
from registry.core.history import Actor, HistoryEntry
from registry.documents.models import Document
from registry.faults.asset_transitions import perform, perform_on_many
from registry.grants.actions import NewGrant, add_grant
from registry.people.models import Person, Role
from tests.conftest import Database
from tests.make import NOW, make_asset, make_person, make_room, refused

pytestmark = pytest.mark.anyio
TODAY = NOW.date()
WAYS_OUT = [name for name, transition in TRANSITIONS.items() if transition.ends_possession]
WHY = Answers(reason="zalany")


def actor_of(person: Person) -> Actor:
    return Actor(person.name, "web", person.id)


async def bound(days: int = 30) -> Asset:
    return await make_asset(room=await make_room(), durable_until=TODAY + timedelta(days=days))


def test_the_last_day_is_bound_too() -> None:
    assert [binds(TODAY + timedelta(days=days), TODAY) for days in (-1, 0, 1)] == [False, True, True]
    assert not binds(None, TODAY)


@pytest.mark.parametrize(
    ("since", "until", "day", "share"),
    [
        (date(2022, 1, 1), date(2022, 1, 11), date(2022, 1, 6), "50.00"),
        (date(2022, 1, 1), date(2022, 1, 4), date(2022, 1, 2), "66.67"),
        (date(2022, 1, 1), date(2022, 1, 11), date(2022, 1, 11), "0.00"),
        (date(2022, 1, 1), date(2022, 1, 11), date(2021, 1, 1), "100.00"),
        (None, date(2022, 1, 11), date(2022, 1, 1), "100.00"),
        (None, date(2022, 1, 11), date(2022, 2, 1), "0.00"),
    ],
)
def test_what_is_to_be_paid_back_goes_by_the_days(since: date | None, until: date, day: date, share: str) -> None:
    assert share_of_days_to_come(Decimal(100), since, until, day) == Decimal(share)


@pytest.mark.parametrize("name", WAYS_OUT)
async def test_no_way_leads_out_of_the_lock(database: Database, name: str) -> None:
    asset, free = await bound(0), await make_asset(room=await make_room(), durable_until=TODAY - timedelta(days=1))
    person = await make_person(role=Role.ADMIN)
    assert (await refused(perform(name, asset.id, WHY, actor_of(person), NOW))).code == "asset.durable"
    together = await refused(perform_on_many(name, {free.id: None, asset.id: None}, WHY, actor_of(person), NOW))
    assert [(row["id"], row["code"]) for row in together.params["refused"]] == [(asset.id, "asset.durable")]
    assert (await Asset.get(id=free.id)).lifecycle == free.lifecycle, "none of them went"
    await perform(name, free.id, WHY, actor_of(person), NOW)
    assert (await Asset.get(id=free.id)).lifecycle in (Lifecycle.HANDED_OVER, Lifecycle.DISPOSED, Lifecycle.WITHDRAWN)


async def test_two_people_of_two_roles_let_it_go_once(database: Database) -> None:
    asset = await bound()
    grant = await add_grant(
        NewGrant("G/1", "G", "B", "F", Decimal(100), Decimal(75), Decimal(75)), actor_of(await make_person()), NOW
    )
    await FundingShare.create(asset=asset, grant_id=grant.id, amount=Decimal("300.00"))
    first, same_role = [await make_person(role=Role.FACILITIES) for _ in range(2)]
    second = await make_person(role=Role.COORDINATOR)
    assert (await refused(confirm_override(asset.id, second, TODAY, actor_of(second), NOW))).code == "override.unknown"
    assert (
        await refused(ask_override(asset.id, " ", first, TODAY, actor_of(first), NOW))
    ).code == "request.missing_field"
    override = await ask_override(asset.id, "zalany", first, TODAY, actor_of(first), NOW)
    assert Decimal(0) < override.due_back < Decimal(300)
    assert (await refused(ask_override(asset.id, "x", second, TODAY, actor_of(second), NOW))).code == "override.asked"
    assert (await refused(perform("liquidate", asset.id, WHY, actor_of(first), NOW))).code == "asset.durable"
    for person, code in ((first, "override.same_person"), (same_role, "override.same_role")):
        assert (await refused(confirm_override(asset.id, person, TODAY, actor_of(person), NOW))).code == code
    await confirm_override(asset.id, second, TODAY, actor_of(second), NOW)
    assert (
        await refused(confirm_override(asset.id, second, TODAY, actor_of(second), NOW))
    ).code == "override.confirmed"
    await perform("liquidate", asset.id, WHY, actor_of(first), NOW)
    assert (await Asset.get(id=asset.id)).lifecycle is Lifecycle.DISPOSED
    assert (await Document.get()).number == f"LT/00001/{NOW.year}"
    assert (await DurabilityOverride.get()).used_at == NOW
    assert await override_of(asset.id) is None
    actions = await HistoryEntry.filter(object=f"asset:{asset.id}").order_by("seq").values_list("action", flat=True)
    assert list(actions) == ["override_asked", "override_confirmed", "liquidated"]


async def test_what_was_asked_can_be_taken_back_and_asked_anew(database: Database) -> None:
    asset = await bound()
    first, second = await make_person(role=Role.FACILITIES), await make_person(role=Role.COORDINATOR)
    assert (await refused(withdraw_override(asset.id, "x", actor_of(first), NOW))).code == "override.unknown"
    assert (await refused(withdraw_override(asset.id, " ", actor_of(first), NOW))).code == "request.missing_field"
    await ask_override(asset.id, "zalany", first, TODAY, actor_of(first), NOW)
    await confirm_override(asset.id, second, TODAY, actor_of(second), NOW)
    await withdraw_override(asset.id, "pomyłka", actor_of(second), NOW)
    assert await override_of(asset.id) is None
    assert (await refused(perform("sell", asset.id, WHY, actor_of(first), NOW))).code == "asset.durable"
    late = TODAY + timedelta(days=20)
    again = await ask_override(asset.id, "zalany " * 60, second, TODAY, actor_of(second), NOW)
    override = await confirm_override(asset.id, first, late, actor_of(first), NOW)
    assert override.id == again.id
    assert len(override.reason) == 300
    actions = await HistoryEntry.filter(object=f"asset:{asset.id}").order_by("seq").values_list("action", flat=True)
    assert list(actions)[2] == "override_withdrawn"


async def test_who_asks_twice_at_the_same_moment_asked_once(database: Database) -> None:
    asset = await bound()
    people = [await make_person(role=role) for role in (Role.FACILITIES, Role.COORDINATOR)]

    async def ask(person: Person) -> str:
        try:
            await ask_override(asset.id, "x", person, TODAY, actor_of(person), NOW)
        except Refusal as refusal:
            return refusal.code
        return ""

    assert sorted(await asyncio.gather(*map(ask, people))) == ["", "override.asked"]


async def test_what_no_grant_binds_needs_no_key(database: Database) -> None:
    person = await make_person(role=Role.FACILITIES)
    for asset_id, code in (((await make_asset()).id, "asset.not_durable"), (9999, "asset.unknown")):
        assert (await refused(ask_override(asset_id, "x", person, TODAY, actor_of(person), NOW))).code == code
