"""The command that sets an empty register up, or prints the code for the page that does."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.commands.terminal import ACTOR, in_register, sentence
from config.settings import Settings, load
from registry.core.clock import utc_now
from registry.core.errors import N_, Conflict, Invalid, Reason
from registry.core.system_reasons import system_reason

if TYPE_CHECKING:
    from registry.office.actions import WholeSetUp


def add_to(app: typer.Typer) -> None:
    """Hang this command on the root."""
    app.command()(setup)


def setup(
    file: Annotated[
        Path | None, typer.Option("--json", help="Set all up at once from this file, - for standard input.")
    ] = None,
) -> None:
    """Of an empty register: the one-time code for the page /setup; the code before is void."""
    settings = load()
    now = utc_now()
    if file is None:
        code = in_register(settings, lambda: setup_code(now))
        if not code:
            raise Conflict("setup.over")
        tell_code(settings, code)
        return
    from registry.office.actions import set_up

    whole = whole_set_up(file, settings)
    person = in_register(settings, lambda: set_up(whole, ACTOR, now))
    text = N_("Izba is set up. Sign in as {login} at {address}.")
    print(sentence(text, settings, login=person.login, address=settings.base_url))


async def setup_code(now: datetime) -> str:
    """A new code for the set-up page; nothing once somebody has an account."""
    from registry.office.actions import new_code
    from registry.people.queries import has_people

    return "" if await has_people() else await new_code(now)


def tell_code(settings: Settings, code: str) -> None:
    """Print the code with the address of the page that asks for it."""
    text = N_("This Izba is empty. Open {address} and type this code:")
    print(f"{sentence(text, settings, address=f'{settings.base_url}/setup')}\n\n    {code}\n", flush=True)


def whole_set_up(file: Path, settings: Settings) -> "WholeSetUp":
    """What a file says of a whole set-up. Raises Invalid("setup.bad_file"), and what the pages refuse
    of a setting.
    """
    from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

    from config.desk import faults_in
    from config.office import OF_THE_OFFICE, OfficeSettings, stored_value, value_of
    from registry.office.actions import FirstAdministrator, WholeSetUp
    from registry.rooms.places import NewBuilding, NewRoom, NewSite

    class SetUpFile(BaseModel):
        model_config = ConfigDict(extra="forbid")

        settings: dict[str, str] = Field(default_factory=dict)
        administrator: FirstAdministrator
        site: NewSite
        building: NewBuilding
        rooms: list[NewRoom] = Field(default_factory=list)

    name = "-" if str(file) == "-" else str(file)
    try:
        text = sys.stdin.read() if name == "-" else file.read_text(encoding="utf-8")
        content = TypeAdapter(SetUpFile).validate_json(text)
        for setting, value in content.settings.items():
            if setting not in OF_THE_OFFICE:
                reason = Reason(N_("{setting} is no setting that an office sets from its pages"), setting=setting)
                raise Invalid("setup.bad_file", file=name, reason=reason)
            value_of(setting, value)
            if not value.isprintable():
                reason = Reason(N_("{setting} holds characters that cannot be shown"), setting=setting)
                raise Invalid("setup.bad_file", file=name, reason=reason)
    except OSError as wrong:
        raise Invalid("setup.bad_file", file=name, reason=system_reason(wrong)) from wrong
    except UnicodeDecodeError as wrong:
        raise Invalid("setup.bad_file", file=name, reason=Reason(N_("it is not UTF-8 text"))) from wrong
    except ValidationError as wrong:
        raise Invalid("setup.bad_file", file=name, reason=_reason(wrong)) from wrong
    for fault in asyncio.run(faults_in(content.settings, OfficeSettings(settings))).values():
        raise fault
    texts = {setting: stored_value(setting, value, settings) for setting, value in content.settings.items()}
    return WholeSetUp(texts, content.administrator, content.site, content.building, content.rooms)


def _reason(wrong: Any) -> str:
    """The first thing that does not fit, in the library's words: it names the place in the file."""
    first = wrong.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
