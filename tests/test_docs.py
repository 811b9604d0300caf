"""The documentation says what the code does: every setting, command, code, topic, address and target is on a page."""

import re
from pathlib import Path

import pytest
import typer

from config import reference
from config.commands.root import app
from devices import topics
from devices.codecs import FAMILIES
from registry.core.errors import WORDS
from tests.conftest import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
TEXTS = {path: path.read_text(encoding="utf-8") for path in PAGES}
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(#[^)\s]*)?\)")
PAGE = re.compile(r"docs/[\w/-]+\.md")
PARTS = ("Status", "Date", "Context", "Decision", "Consequences", "Alternatives")


def text(*parts: str) -> str:
    return (DOCS.joinpath(*parts)).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_from_the_code_is_fresh(name: str) -> None:
    assert text("reference", name) == reference.page(name), "run: make docs"


def test_every_make_target_is_documented_and_has_its_line_of_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^\.PHONY: (\S+)", makefile, re.MULTILINE)
    assert len(targets) > 8
    assert [name for name in targets if not re.search(rf"^{name}:.*## \S", makefile, re.MULTILINE)] == []
    assert [name for name in targets if f"`make {name}`" not in text("reference", "cli.md")] == []


def test_every_command_and_its_options_say_what_they_do() -> None:
    for path, command in reference.commands(typer.main.get_command(app)):
        assert command.help, path
        silent = [
            one.name for one in command.params if one.param_type_name == "option" and not getattr(one, "help", "")
        ]
        assert silent == [], path


def test_every_refusal_says_what_to_do_or_what_is_so() -> None:
    for code, sentence in WORDS.items():
        assert re.fullmatch(r"[a-z_]+\.[a-z0-9_]+", code)
        assert sentence[0].isupper() or sentence[0] == "{", code
        assert sentence.endswith((".", "…", "migrate", "{advice}")), code


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    targets = [target for target, _ in LINK.findall(TEXTS[path]) if "://" not in target]
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_can_be_reached(path: Path) -> None:
    linked = {
        (page.parent / target).resolve() for page, page_text in TEXTS.items() for target, _ in LINK.findall(page_text)
    }
    assert path.parent == ROOT or path.resolve() in linked, "no page links to it"


DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_parts_and_fits_a_page(path: Path) -> None:
    page_text = TEXTS[path]
    assert [part for part in PARTS if not re.search(rf"^(\*\*{part}:\*\*|## {part})", page_text, re.MULTILINE)] == []
    assert len(page_text.splitlines()) <= 60


def test_the_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_every_topic_is_documented() -> None:
    page_text = text("reference", "topics.md")
    assert len(topics._KINDS) == len(topics.TopicKind) - 2
    assert [leaf for branch, leaf in topics._KINDS if not re.search(rf"`izba/{branch}/<\w+>/{leaf}`", page_text)] == []
    assert "`izba/status`" in page_text


def test_every_device_family_is_documented() -> None:
    assert [name for name in FAMILIES if f"`{name}`" not in text("how-to", "connect-devices.md")] == []


def test_the_pages_that_the_code_names_exist() -> None:
    sources = [path for folder in ("registry", "devices", "web", "config") for path in (ROOT / folder).rglob("*.py")]
    mentions = {(path.name, page) for path in sources for page in PAGE.findall(path.read_text(encoding="utf-8"))}
    assert [pair for pair in sorted(mentions) if not (ROOT / pair[1]).exists()] == []
