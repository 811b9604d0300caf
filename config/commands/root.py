"""The command ``izba``. Faults are one line and exit 2; what a command prints for programs is JSON."""

import sys

import typer

from config.commands import accounts, devices, labels, lists, server, setting_up, store
from config.commands.terminal import refusal_line
from config.settings import BadSettings
from registry.core import outages
from registry.core.errors import Refusal

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
for group in (lists, labels, devices, server, setting_up, accounts, store):
    group.add_to(app)


def main() -> None:
    """The entry point: every refusal becomes one line and exit 2."""
    try:
        app()
    except BadSettings as bad:
        for refusal in bad.refusals:
            print(refusal_line(refusal), file=sys.stderr)
        sys.exit(2)
    except Refusal as refusal:
        print(refusal_line(refusal), file=sys.stderr)
        sys.exit(2)
    except Exception as fault:
        outage = outages.refusal_of(fault)
        if outage is None:
            raise
        print(refusal_line(outage), file=sys.stderr)
        sys.exit(2)
