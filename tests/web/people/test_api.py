"""People and institutions through the API."""

from typing import Any

import pytest

from registry.core.history import HistoryEntry
from registry.people.models import OneUseLink, Person, Role
from tests.make import make_institution
from tests.web.conftest import Office

pytestmark = pytest.mark.anyio
NEW = {"login": "nowa.osoba", "name": "Nowa Osoba", "role": "member"}


async def test_an_account_is_opened_read_and_changed(office: Office) -> None:
    await make_institution(code="ORA")
    body = NEW | {
        "institution": "ORA",
        "languages": ["pl", "uk"],
        "mail": "nowa@ora.example",
        "active_until": "2030-12-31",
    }
    answer = await office.post("/people", body, "admin")
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    account = answer.json()
    assert {name: account[name] for name in body} == body
    assert (account["state"], account["active"], account["signed_in_at"]) == ("new", True, None)
    assert (await office.get("/people/NOWA.osoba", "coordinator")).json() == account
    changes = {"role": "duty", "institution": None, "languages": "pl, en", "active_until": None}
    changed = await office.call("PATCH", "/people/nowa.osoba", "admin", json=changes, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["role"], changed.json()["institution"], changed.json()["languages"]) == (
        "duty",
        None,
        ["pl", "en"],
    )
    assert (changed.json()["active_until"], changed.headers["etag"]) == (None, '"2"')
    stale = await office.call("PATCH", "/people/nowa.osoba", "admin", json={"name": "X"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "request.stale")


@pytest.mark.parametrize("who", ["alice", "duty", "coordinator", "facilities", "accountant", "auditor"])
async def test_nobody_else_makes_or_changes_accounts(office: Office, who: str) -> None:
    count = await Person.all().count()
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/people", NEW | {"role": "admin"}), ("POST", "/people", NEW),
        ("PATCH", f"/people/{who}", {"role": "admin"}),
        ("POST", "/people/bob/invite", {}), ("POST", "/institutions", {"code": "X", "name": "X"}),
        ("PATCH", "/institutions/x", {"name": "X"}),
    ]  # fmt: skip
    for method, path, body in calls:
        answer = await office.call(method, path, who, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.role"), (method, path)
    assert await Person.all().count() == count
    assert await OneUseLink.all().count() == 0


async def test_who_reads_people(office: Office) -> None:
    for role in Role:
        who = "alice" if role is Role.MEMBER else str(role)
        expected = 200 if role in (Role.COORDINATOR, Role.AUDITOR, Role.ADMIN) else 403
        for path in ("/people", "/people/bob", "/institutions"):
            assert (await office.get(path, who)).status_code == expected, (path, who)
    assert (await office.get("/people", None)).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (NEW | {"login": "Żuk"}, 422, "person.bad_login"),
        (NEW | {"login": "ALICE"}, 409, "person.login_taken"),
        (NEW | {"role": "boss"}, 422, "person.bad_role"),
        (NEW | {"name": " "}, 422, "request.missing_field"),
        (NEW | {"mail": "a@b.pl\nBcc: c@d.pl"}, 422, "person.bad_mail"),
        (NEW | {"mail": "a@b.pl\n"}, 422, "person.bad_mail"),
        (NEW | {"institution": "nowhere"}, 404, "institution.unknown"),
        (NEW | {"languages": ["polski"]}, 422, "person.bad_languages"),
        (NEW | {"active_until": "tomorrow"}, 422, "request.bad_field"),
        (NEW | {"is_admin": True}, 422, "request.unknown_field"),
    ],
)
async def test_an_account_that_cannot_be(office: Office, body: Any, status: int, code: str) -> None:
    count = await Person.all().count()
    answer = await office.post("/people", body, "admin")
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await Person.all().count() == count


async def test_the_last_administrator_stays(office: Office) -> None:
    for body in ({"role": "member"}, {"active": False}, {"active_until": "2030-01-01"}):
        answer = await office.call("PATCH", "/people/admin", "admin", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "person.last_administrator")
    assert (await office.call("PATCH", "/people/bob", "admin", json={"role": "admin"})).status_code == 200
    assert (await office.call("PATCH", "/people/admin", "admin", json={"role": "member"})).status_code == 200
    assert (await office.call("PATCH", "/people/admin", "admin", json={"role": "admin"})).status_code == 403


async def test_people_are_searched_narrowed_and_paged(office: Office) -> None:
    async def logins(query: str) -> list[str]:
        return [one["login"] for one in (await office.get(f"/people?{query}", "admin")).json()["items"]]

    assert await logins("q=ALI") == ["alice"]
    assert await logins("role=duty") == ["duty"]
    assert "bob" in await logins("state=new")
    first = (await office.get("/people?limit=4", "admin")).json()
    rest = (await office.get(f"/people?limit=20&cursor={first['next']}", "admin")).json()
    assert len(first["items"]) + len(rest["items"]) == first["total"] == await Person.all().count()


async def test_somebody_is_invited(office: Office) -> None:
    answer = await office.post("/people/bob/invite", {}, "admin")
    invitation = answer.json()
    assert (answer.status_code, invitation["login"], invitation["by"]) == (200, "bob", "link")
    secret = invitation["code"].replace("-", "")
    assert invitation["link"] == f"http://127.0.0.1:8000/password/{secret}"
    assert (await office.get("/people/bob", "admin")).json()["state"] == "invited"
    entry = await HistoryEntry.get(object=f"person:{office.people['bob'].id}", action="invited")
    assert secret not in str((entry.before, entry.after))
    assert (await office.post("/people/bob/invite", {"by": "mail"}, "admin")).json()["code"] == "notice.no_server"
    assert (await office.post("/people/nobody/invite", {}, "admin")).status_code == 404


async def test_institutions_are_listed_added_and_changed(office: Office) -> None:
    body = {"code": "OIRP", "name": "Okręgowa Izba", "name_en": "Chamber", "part": "duty", "in_team": True}
    answer = await office.post("/institutions", body, "admin")
    assert (answer.status_code, answer.json()) == (201, body | {"people": 0, "revision": 1})
    assert (await office.post("/institutions", body, "admin")).json()["code"] == "institution.exists"
    await office.call("PATCH", "/people/bob", "admin", json={"institution": "OIRP"})
    (row,) = (await office.get("/institutions?q=izba", "auditor")).json()["items"]
    assert (row["code"], row["people"]) == ("OIRP", 1)
    changed = await office.call(
        "PATCH", "/institutions/OIRP", "admin", json={"name": "Izba"}, headers={"If-Match": '"1"'}
    )
    assert (changed.json()["name"], changed.headers["etag"]) == ("Izba", '"2"')
    again = await office.call("PATCH", "/institutions/OIRP", "admin", json={"name": "X"}, headers={"If-Match": '"1"'})
    assert again.status_code == 412
    assert (await office.call("PATCH", "/institutions/NONE", "admin", json={"name": "X"})).status_code == 404
    assert (await office.post("/institutions", {"code": "a/b", "name": "X"}, "admin")).json()[
        "code"
    ] == "institution.bad_code"
