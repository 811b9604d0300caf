"""Every cell of a row is corrected in its place, and the same word in other rows with it."""

import re
from pathlib import Path
from typing import Any

import pytest

from registry.importing.models import PendingImport
from tests.make import make_room
from tests.web.desk import Desk, text_of
from tests.web.importing.test_pages import sent
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
LIST = """nr inw;nazwa;cena;data zakupu;pokój
A/1;Stół;12,50;2022-01-05;R-7
A/2;Krzesło;dużo;2022-01-05;R-7
A/3;Lampa;1;2022-01-05;R-7
"""


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> Desk:
    await make_room(code="R-7")
    await make_room(code="R-8")
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


def form_of(page: str) -> dict[str, str]:
    """The fields of the open row, as a browser sends them back."""
    (form,) = re.findall(r'<form [^>]*class="row-cells".*?</form>', page, re.S)
    inputs = re.findall(r'<input [^>]*?name="((?:cell|was):[^"]+)"[^>]*? value="([^"]*)"', form)
    return dict(inputs)


async def corrections(home: str) -> dict[str, Any]:
    return dict((await PendingImport.get(id=home.rpartition("/")[2])).corrections)


async def test_all_cells_of_a_row_open_in_its_place_and_only_what_was_typed_over_is_corrected(desk: Desk) -> None:
    home = await sent(desk, LIST)
    closed = (await desk.get(f"{home}?show=", "facilities")).text
    assert f'href="{home}?show=&amp;offset=0&amp;open=2#line-2"' in closed
    assert 'class="row-cells"' not in closed
    page = (await desk.get(f"{home}?show=&offset=0&open=2", "facilities")).text
    assert page.partition("<main")[2].partition("</main>")[0].count("autofocus") == 1
    fields = form_of(page)
    assert fields["cell:name"] == fields["was:name"] == "Stół"
    assert fields["cell:value"] == "12,50", "as the file has it"
    answer = await desk.post(
        f"{home}/rows/2/cells", "facilities", **fields | {"cell:name": "Biurko"}, show="", offset="0"
    )
    assert (answer.status_code, answer.headers["location"]) == (303, f"{home}?show=&offset=0&done=corrected#rows")
    assert await corrections(home) == {"2": {"name": "Biurko"}}
    same = await desk.post(f"{home}/rows/2/cells", "facilities", **fields, show="", offset="0")
    assert same.headers["location"] == f"{home}?show=&offset=0#line-2"
    assert await corrections(home) == {"2": {"name": "Biurko"}}, "what nobody typed over stays"


async def test_what_is_wrong_stands_at_its_cell_until_the_row_is_good(desk: Desk) -> None:
    home = await sent(desk, LIST)
    here = f"{home}?show=error&offset=0&open=3"
    page = (await desk.get(here, "facilities")).text
    assert 'aria-describedby="o-value-fault" aria-invalid="true"' in page
    assert re.search(r'<input id="o-value"[^>]* autofocus', page), "the first wrong cell has the focus"
    fields = form_of(page) | {"cell:value": "99,90", "cell:acquired_on": "2022-02-30", "show": "error", "offset": "0"}
    still = await desk.send(f"{home}/rows/3/cells", "facilities", **fields)
    assert form_of(still.text)["cell:acquired_on"] == "2022-02-30"
    assert 'aria-describedby="o-acquired_on-fault"' in still.text
    assert 'aria-describedby="o-value-fault"' not in still.text
    fields = form_of(still.text) | {"cell:acquired_on": "2022-02-03", "show": "error", "offset": "0"}
    answer = await desk.post(f"{home}/rows/3/cells", "facilities", **fields)
    assert answer.headers["location"] == f"{home}?done=corrected#rows", "no row is refused any more"


async def test_an_open_row_that_its_filter_no_longer_shows_is_shown_all_the_same(desk: Desk) -> None:
    home = await sent(desk, LIST)
    page = await desk.get(f"{home}?show=error&offset=0&open=4", "facilities")
    assert form_of(page.text)["cell:name"] == "Lampa"
    assert 'class="row-cells"' not in (await desk.get(f"{home}?open=99", "facilities")).text


async def test_the_same_correction_is_offered_for_all_rows_with_that_word(desk: Desk) -> None:
    home = await sent(desk, LIST)
    fields = form_of((await desk.get(f"{home}?show=&offset=0&open=2", "facilities")).text)
    answer = await desk.post(f"{home}/rows/2/cells", "facilities", **fields | {"cell:room": "R-8"}, show="", offset="0")
    assert "“R-7” stands in 2 other rows too. Correct all 2" in text_of(answer.text)
    (form,) = re.findall(r'<form method="post" action="[^"]*/same".*?</form>', answer.text, re.S)
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert (hidden["column"], hidden["word"], hidden["value"]) == ("room", "R-7", "R-8")
    answer = await desk.post(f"{home}/same", "facilities", **{n: v for n, v in hidden.items() if n != "csrf"})
    assert answer.headers["location"] == f"{home}?show=&offset=0&done=all-corrected#rows"
    assert await corrections(home) == {line: {"room": "R-8"} for line in "234"}
    answer = await desk.post(f"{home}/same", "facilities", column="room", word="R-7", value="R-9")
    assert answer.status_code == 404
    assert (await desk.post(f"{home}/same", "facilities", column="x", word="R-7", value="R-9")).status_code == 422


async def test_a_cell_that_was_changed_meanwhile_is_shown_with_both(desk: Desk) -> None:
    home = await sent(desk, LIST)
    fields = form_of((await desk.get(f"{home}?show=&offset=0&open=2", "facilities")).text)
    await desk.post(f"{home}/rows/2", "facilities", **{"cell:name": "Blat", "cell:value": ""})
    typed = fields | {"cell:name": "Biurko", "cell:value": "13,00", "cell:room": "R-8"}
    page = (await desk.post(f"{home}/rows/2/cells", "facilities", **typed, show="", offset="0")).text
    assert "Meanwhile “Blat” was put here." in text_of(page)
    assert "Meanwhile this cell was emptied." in text_of(page)
    again = form_of(page)
    assert (again["cell:name"], again["was:name"], again["cell:room"]) == ("Biurko", "Blat", "R-8")
    assert await corrections(home) == {"2": {"name": "Blat", "value": ""}}, "nothing was written"
    await desk.post(f"{home}/rows/2/cells", "facilities", **again, show="", offset="0")
    assert (await corrections(home))["2"] == {"name": "Biurko", "value": "13,00", "room": "R-8"}


async def test_nothing_typed_is_lost_when_the_list_was_written_meanwhile(desk: Desk) -> None:
    home = await sent(desk, LIST)
    fields = form_of((await desk.get(f"{home}?show=&offset=0&open=2", "facilities")).text)
    await desk.post(f"{home}/commit", "facilities")
    page = await desk.post(
        f"{home}/rows/2/cells", "facilities", **fields | {"cell:name": "Biurko"}, show="", offset="0"
    )
    assert "What you typed nazwa Biurko" in text_of(page.text)
    too_long = await sent(desk, LIST)
    answer = await desk.post(f"{too_long}/rows/2/cells", "facilities", **fields | {"cell:name": "x" * 2001})
    assert answer.status_code == 422
    assert form_of(answer.text)["cell:name"] == "x" * 2001
    assert (await desk.post(f"{too_long}/rows/99/cells", "facilities", **{"cell:name": "x"})).status_code == 404


async def test_a_cell_of_several_lines_stays_as_it_is(desk: Desk) -> None:
    home = await sent(desk, 'nr inw;nazwa;cena\nA/1;"Stół\nduży";12,50\n')
    page = (await desk.get(f"{home}?show=&offset=0&open=2", "facilities")).text
    assert '<textarea id="o-name" name="cell:name"' in page
    assert 'name="was:name" value="Stół\nduży"' in page
    as_sent = {"cell:name": "Stół\r\nduży", "was:name": "Stół\r\nduży", "cell:value": "13,00", "was:value": "12,50"}
    await desk.post(f"{home}/rows/2/cells", "facilities", **as_sent, show="", offset="0")
    assert await corrections(home) == {"2": {"value": "13,00"}}
