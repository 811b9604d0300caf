"""Commands of accounts: people and the tokens of their programs."""

import sys
from typing import Annotated

import typer

from config.commands.terminal import ACTOR, in_register, sentence
from config.settings import load
from registry.core.clock import utc_now
from registry.core.errors import N_

users = typer.Typer(no_args_is_help=True, help="Accounts.")
tokens = typer.Typer(no_args_is_help=True, help="Keys for programs.")


def add_to(app: typer.Typer) -> None:
    """Hang these commands on the root."""
    app.add_typer(users, name="users")
    app.add_typer(tokens, name="tokens")


@users.command("add")
def users_add(
    login: str,
    role: Annotated[str, typer.Option(help="member, duty, coordinator, facilities, accountant, auditor or admin")],
    name: Annotated[str, typer.Option(help="What people read. Default: the login.")] = "",
    institution: Annotated[str, typer.Option(help="The code of the institution.")] = "",
    password: Annotated[str, typer.Option(help="Asked for when left out.", show_default=False)] = "",
) -> None:
    """Open an account. Asks for a password when there is a terminal; without one only tokens work."""
    from registry.people.actions import add_person

    settings = load()
    if not password and sys.stdin.isatty():
        password = typer.prompt(sentence(N_("Password"), settings), hide_input=True, confirmation_prompt=True)
    now = utc_now()
    in_register(
        settings,
        lambda: add_person(login, name or login, role, institution or None, password or None, ACTOR, now),
    )
    print(sentence(N_("Added {login}."), settings, login=login))


@tokens.command("add")
def tokens_add(login: str, name: Annotated[str, typer.Option(help="What the token is for.")]) -> None:
    """Make a token. It is printed once and kept nowhere."""
    from registry.people.actions import issue_token

    settings = load()
    now = utc_now()
    print(in_register(settings, lambda: issue_token(login, name, ACTOR, now)))
