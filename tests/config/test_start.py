"""The start of the server."""

import asyncio
import gc
import sys
from types import ModuleType

import pytest

from config.commands.server import _serve
from config.settings import Settings


class Program(ModuleType):
    """Stands for the program while it is read, and notes whether the collector walks it meanwhile."""

    def __init__(self) -> None:
        super().__init__("config.app")
        self.__dict__["walks"] = []

    def __getattr__(self, name: str) -> object:
        self.walks.append(gc.isenabled())
        raise AttributeError(name)


def test_the_collector_rests_while_the_program_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would find nothing, and take a fifth of the start."""
    program = Program()
    monkeypatch.setitem(sys.modules, "config.app", program)
    try:
        with pytest.raises(ImportError):
            asyncio.run(_serve(Settings(), is_demo=False, simulator=False))
    finally:
        gc.enable()
    assert program.walks
    assert not any(program.walks)
