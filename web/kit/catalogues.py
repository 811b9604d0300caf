"""Keeps the catalogues: ``python -m web.kit.catalogues`` collects every marked text, updates and compiles.

``--check`` changes nothing and fails on a text without translation or a compiled catalogue that is behind;
``--merge FILE.tsv…`` fills translations in from lists. A list has a line per text: the English, a tab, the Polish;
for a counted text ``singular<TAB>plural<TAB>form|form|form``. A line break is written ``\\n``.
"""

import io
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from web.kit.i18n import LOCALES

ROOT = Path(__file__).parents[2]
SOURCES = ("registry", "web", "devices", "config")
LANGUAGES = ("pl",)  # English is in the sources
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {
    "**/templates/**.html": {
        "newstyle_gettext": "true",
        "silent": "false",
        "trim_blocks": "true",
        "lstrip_blocks": "true",
        "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols",
    }
}
KEYWORDS: dict[str, Any] = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "NN_": (1, 2)}


def extract() -> Catalog:
    """Every marked text of the product, where it stands, in the order of the sources."""
    catalogue = Catalog(project="Izba", version="1", charset="utf-8", header_comment="# Texts of Izba.")
    for folder in SOURCES:
        messages = extract_from_dir(ROOT / folder, METHODS, OPTIONS, KEYWORDS, comment_tags=("N:",))
        for path, _line, message, comments, context in sorted(messages, key=lambda one: (one[0], one[1])):
            # without line numbers: otherwise every edit of a page changes the catalogue
            catalogue.add(message, None, [(f"{folder}/{path}", 0)], auto_comments=comments, context=context)
    return catalogue


def po_path(language: str) -> Path:
    """What translators edit."""
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


def read(language: str) -> Catalog:
    """The translations of a language; an empty catalogue for a new one."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, project="Izba", version="1", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> Catalog:
    """The translations of a language, with the texts that the sources have now and without others."""
    catalogue = read(language)
    catalogue.update(extract(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def write(language: str, catalogue: Catalog) -> None:
    """Write a catalogue for translators and for the program."""
    path = po_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(po_bytes(catalogue))
    path.with_suffix(".mo").write_bytes(mo_bytes(catalogue))


def po_bytes(catalogue: Catalog) -> bytes:
    """A catalogue as text; the same texts give the same file."""
    file = io.BytesIO()
    write_po(file, _dated(catalogue), width=120, include_lineno=False, sort_output=True)
    return file.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    """A catalogue as the program reads it."""
    file = io.BytesIO()
    write_mo(file, _dated(catalogue))
    return file.getvalue()


def missing(catalogue: Catalog) -> list[str]:
    """The texts without a translation, or with a doubtful one."""
    return [
        _key(message) for message in catalogue if message.id and (message.fuzzy or not _is_whole(message, catalogue))
    ]


def merge(catalogue: Catalog, lines: Iterable[str]) -> list[str]:
    """Fill translations in from a list. Returns the lines that fit no text."""
    unknown = []
    for line in lines:
        parts = [part.replace("\\n", "\n") for part in line.rstrip("\r\n").split("\t")]
        if len(parts) < 2 or line.startswith("#"):
            continue
        message = catalogue.get(parts[0])
        if message is None:
            unknown.append(parts[0])
            continue
        message.string = tuple(parts[2].split("|")) if message.pluralizable and len(parts) > 2 else parts[-1]
        message.flags.discard("fuzzy")
    return unknown


def main(arguments: list[str]) -> int:
    """The command line; 1 if ``--check`` finds something missing."""
    faults = []
    for language in LANGUAGES:
        catalogue = update(language)
        if arguments[:1] == ["--merge"]:
            faults += [f"no such text: {text}" for file in arguments[1:] for text in merge_file(catalogue, file)]
        if arguments[:1] == ["--check"]:
            faults += [f"not compiled: run python -m web.kit.catalogues ({language})"] * (
                not is_compiled(language, catalogue)
            )
        else:
            write(language, catalogue)
        faults += [f"{language}: no translation: {text}" for text in missing(catalogue)]
    sys.stderr.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults and arguments[:1] == ["--check"] else 0


def merge_file(catalogue: Catalog, file: str) -> list[str]:
    """As ``merge``, from a file."""
    with open(file, encoding="utf-8") as lines:
        return merge(catalogue, lines)


def is_compiled(language: str, catalogue: Catalog) -> bool:
    """Whether what the program reads says what the translators wrote."""
    path = po_path(language)
    if not path.exists() or path.read_bytes() != po_bytes(catalogue):
        return False
    compiled = path.with_suffix(".mo")
    return compiled.exists() and compiled.read_bytes() == mo_bytes(catalogue)


def _dated(catalogue: Catalog) -> Catalog:
    """With dates that say nothing: the history of the files is told by version control."""
    catalogue.creation_date = catalogue.revision_date = datetime(2000, 1, 1, tzinfo=UTC)
    catalogue.fuzzy, catalogue.header_comment = False, "# Texts of Izba."
    catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = "Izba"
    return catalogue


def _is_whole(message: Message, catalogue: Catalog) -> bool:
    forms = message.string
    if not message.pluralizable or not isinstance(forms, tuple | list):
        return bool(forms) and not message.pluralizable
    return len(forms) == catalogue.num_plurals and all(forms)


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else " | ".join(message.id)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
