"""The reference pages that come from the code: ``python -m config.reference`` writes them, ``--check`` compares."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr

from config.office import OF_THE_OFFICE
from config.settings import TOML, Settings, is_secret, variable_of
from registry.core.errors import WORDS
from registry.importing.columns import COLUMNS
from registry.importing.rows import ERRORS, NOTICES, WARNINGS

DOCS = Path(__file__).parent.parent / "docs" / "reference"
BEGIN = "<!-- from the code: make docs -->"


def settings_page() -> Iterator[str]:
    """docs/reference/settings.md"""
    for name, field in Settings.model_fields.items():
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        value = ",".join(default) if isinstance(default, tuple) else str(default)
        yield f"### `{variable_of(name)}`"
        yield f"{field.description}\n"
        yield (
            f"In `{TOML}`: `{name}`. Default: {f'`{value}`' if value else 'empty'}."
            + (f" Secret: also from a file, `{variable_of(name)}_FILE`." if is_secret(field) else "")
            + (" Also from the page." if name in OF_THE_OFFICE else "")
        )
        yield ""


def errors_page() -> Iterator[str]:
    """docs/reference/errors.md"""
    group = ""
    for code, sentence in sorted(WORDS.items()):
        if code.split(".")[0] != group:
            group = code.split(".")[0]
            yield f"\n## {group}\n"
            yield "| code | says |\n|---|---|"
        yield f"| `{code}` | {sentence} |"


def cli_page() -> Iterator[str]:
    """docs/reference/cli.md"""
    from config.commands.root import app

    root = typer.main.get_command(app)
    for path, command in commands(root):
        yield f"## `izba {path}`\n"
        yield f"{(command.help or '').strip()}\n"
        rows = [row for parameter in command.params if (row := _parameter(parameter))]
        if rows:
            yield "| argument | means |\n|---|---|"
            yield from rows
            yield ""


def commands(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, with the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path}{name} ")
        elif not command.hidden:
            yield f"{path}{name}", command


def _parameter(parameter: Any) -> str:
    if parameter.name == "help":
        return ""
    if parameter.param_type_name == "argument":
        name = parameter.name.upper()
    else:
        name = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return f"| `{name}` | {(getattr(parameter, 'help', None) or 'required').strip()} |"


def api_page() -> Iterator[str]:
    """docs/reference/api.md"""
    from web.app import create_site
    from web.kit.options import SiteOptions

    site = create_site(SiteOptions(secret_key="0" * 32, data_dir=Path("var"), base_url="http://127.0.0.1:8000"))
    yield "| call | does |\n|---|---|"
    for path, operations in sorted(site.openapi()["paths"].items()):
        for method, operation in operations.items():
            yield f"| `{method.upper()} {path}` | {operation.get('summary', '')} |"


def import_page() -> Iterator[str]:
    """docs/reference/import.md"""
    for kind, columns in COLUMNS.items():
        yield f"## {kind}\n"
        yield "| column | headers that name it |\n|---|---|"
        for column, headers in columns.items():
            yield f"| `{column}` | {', '.join(headers)} |"
        yield ""
    for title, problems in (("Refuses the row", ERRORS), ("Warns", WARNINGS), ("Of the whole file", NOTICES)):
        yield f"## {title}\n"
        yield "| code | says |\n|---|---|"
        for code, sentence in problems.items():
            yield f"| `{code}` | {'what cannot be read, and how to write it' if sentence == '{reason}' else sentence} |"
        yield ""


def roles_page() -> Iterator[str]:
    """docs/reference/roles.md"""
    from registry.people.models import Role
    from registry.people.rules import CAPABILITIES
    from web.kit.rights import Access, accesses
    from web.people.words import CAPABILITY_WORDS
    from web.routes import all_routes

    roles = list(Role)
    head = f"{' | '.join(str(role) for role in roles)} |"
    yield "## What each role may do\n"
    yield f"| capability | to | {head}\n|---|---|{':-:|' * len(roles)}"
    for name, allowed in CAPABILITIES.items():
        marks = " | ".join("✓" if role in allowed else "–" for role in roles)
        yield f"| `{name}` | {CAPABILITY_WORDS.get(name, '')} | {marks} |"
    rows = list(accesses(all_routes()))

    def table(title: str, chosen: list[Access]) -> Iterator[str]:
        yield f"\n## {title}\n"
        yield f"| address | does | asks for | {head} stranger |\n|---|---|---|{':-:|' * (len(roles) + 1)}"
        for row in chosen:
            asks = ", ".join(f"`{name}`" for name in row.capabilities)
            marks = " | ".join("✓" if role in row.roles else "–" for role in (*roles, None))
            yield f"| `{row.method} {row.path}` | {row.about.replace('|', '/')} | {asks} | {marks} |"

    forms = [row for row in rows if not row.is_call]
    yield from table("Pages", [row for row in forms if row.method == "GET"])
    yield from table("Forms", [row for row in forms if row.method != "GET"])
    yield from table("Calls", [row for row in rows if row.is_call])


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "settings.md": settings_page,
    "errors.md": errors_page,
    "cli.md": cli_page,
    "api.md": api_page,
    "import.md": import_page,
    "roles.md": roles_page,
}


def page(name: str) -> str:
    """The page as it should be: its own words down to the mark, then what the code says."""
    text = (DOCS / name).read_text(encoding="utf-8")
    return text.partition(BEGIN)[0] + BEGIN + "\n\n" + "\n".join(PAGES[name]()).strip() + "\n"


def stale() -> list[str]:
    """Names of the pages that say something else than the code."""
    return [name for name in PAGES if (DOCS / name).read_text(encoding="utf-8") != page(name)]


def main() -> None:
    names = stale()
    if "--check" in sys.argv:
        for name in names:
            print(f"docs/reference/{name} says something else than the code. Run: make docs")
        sys.exit(bool(names))
    for name in names:
        (DOCS / name).write_text(page(name), encoding="utf-8")
        print(f"docs/reference/{name} written")


if __name__ == "__main__":
    main()
