"""The command that prints labels into a file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from config.commands.terminal import ACTOR, in_register, sentence
from config.settings import load
from registry.core.clock import utc_now
from registry.core.errors import N_, Invalid, Unavailable
from registry.core.system_reasons import system_reason


def add_to(app: typer.Typer) -> None:
    """Hang the command on the root."""
    app.command()(labels)


def labels(
    out: Annotated[Path, typer.Option("-o", "--out", help="A file: .pdf, or .zpl for a Zebra printer.")],
    room: Annotated[str, typer.Option(help="The code of a room: what stands in it.")] = "",
    tags: Annotated[Path | None, typer.Option(help="A file with codes of labels, one in a line.")] = None,
    blank: Annotated[int, typer.Option(help="So many new labels that are on nothing yet.", min=0, max=1000)] = 0,
    format_: Annotated[
        str, typer.Option("--format", help="a4-24, a4-33, a4-65, l7160, l7163, 50x30, tape-62, …")
    ] = "a4-24",
    start: Annotated[int, typer.Option(help="The first spot of the first sheet, from 1.")] = 1,
) -> None:
    """Print labels: of a room's things, of codes in a file, or blank ones."""
    from config.office import in_force
    from registry.assets.intake import fresh_codes
    from registry.assets.tags import LENGTH
    from registry.labels.actions import note_printed
    from registry.labels.faces import address_of, check_code
    from registry.labels.formats import format_named, spots
    from registry.labels.pdf import labels_pdf
    from registry.labels.queries import LabelOffice, LabelWish, blank_faces, faces_of, parts_of, tag_codes
    from registry.labels.zpl import labels_zpl

    settings = load()
    now = utc_now()

    async def work() -> Any:
        form = format_named(format_)
        spots(form, 1, start)
        check_code(address_of(settings.base_url, "0" * LENGTH), form)
        new_codes = await fresh_codes(blank)
        codes = await tag_codes(LabelWish(room=room, tags=tuple(_codes_in(tags))))
        if not codes and not new_codes:
            raise Invalid("label.none")
        ours = await in_force(settings)
        office = LabelOffice(ours.base_url, ours.office_name, ours.union_words)
        faces = blank_faces(new_codes, office) + await faces_of(codes, office, await parts_of(form.code))
        is_zpl = out.suffix.lower() == ".zpl"
        content = labels_zpl(faces, form).encode() if is_zpl else labels_pdf(faces, form, now, start)
        _write(out, content)
        await note_printed([*new_codes, *codes], form.code, ACTOR, now, new_codes)
        return len(faces)

    print(sentence(N_("{count} labels in {file}."), settings, count=in_register(settings, work), file=str(out)))


def _codes_in(file: Path | None) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig").split() if file else []
    except (OSError, UnicodeDecodeError) as fault:
        reason = system_reason(fault) if isinstance(fault, OSError) else str(fault)
        raise Unavailable("import.unreadable", file=str(file), reason=reason) from fault


def _write(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as fault:
        raise Unavailable("file.not_written", path=str(out), reason=system_reason(fault)) from fault
