"""Compiled templates are kept for the next start, where nobody else writes, and no page depends on it."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import jinja2
import pytest

from web.kit.options import SiteOptions
from web.kit.render import Pages

TEMPLATE = "error.html"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary directory of the machine, empty."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the templates that were compiled."""
    names: list[str] = []
    compile_one = jinja2.Environment.compile

    def noted(self: jinja2.Environment, source: Any, name: Any = None, *rest: Any, **more: Any) -> Any:
        names.append(name)
        return compile_one(self, source, name, *rest, **more)

    monkeypatch.setattr(jinja2.Environment, "compile", noted)
    return names


def pages(folder: Path) -> Pages:
    return Pages(SiteOptions(secret_key="k" * 40, data_dir=folder))


def test_a_template_is_compiled_once_for_each_language(temporary: Path, compiled: list[str]) -> None:
    for language in ("pl", "en", "pl", "en"):
        pages(temporary).environment(language).get_template(TEMPLATE)
    assert compiled == [TEMPLATE, TEMPLATE]


def test_nobody_else_may_write_what_is_run_here(temporary: Path) -> None:
    pages(temporary).environment("pl").get_template(TEMPLATE)
    folders = [path for path in temporary.iterdir() if any(path.iterdir())]
    assert [path.stat().st_mode & 0o777 for path in folders] == [0o700]


def test_what_somebody_else_laid_there_is_not_run(temporary: Path, compiled: list[str], tmp_path_factory: Any) -> None:
    pages(temporary).environment("pl").get_template(TEMPLATE)
    (folder,) = temporary.iterdir()
    theirs = tmp_path_factory.mktemp("theirs")
    shutil.move(folder, theirs)
    folder.symlink_to(theirs / folder.name)
    assert pages(temporary).environment("pl").get_template(TEMPLATE)
    assert compiled == [TEMPLATE, TEMPLATE]


def test_a_disk_that_takes_nothing_costs_no_page(temporary: Path) -> None:
    environment = pages(temporary).environment("pl")
    for folder in temporary.iterdir():
        folder.rmdir()
    assert environment.get_template(TEMPLATE)
