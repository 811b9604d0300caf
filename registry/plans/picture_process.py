"""Draws an SVG or a page of a PDF as a PNG in a process of its own: a picture that takes too much ends this process and
nothing else, and what could run in a browser is gone.

The content comes by standard input. The PNG goes to standard output; in its place, with the status ``REFUSED``, a
line of JSON: the code of a refusal and what fills its words.
"""

import os
import sys
import tempfile
from pathlib import Path

import orjson
import typst

import registry
from registry.core.errors import Invalid
from registry.core.limits import bound_to
from registry.plans.rules import REFUSED, PictureKind, picture_kind, unsafe_part

MEMORY, CPU_SECONDS, LARGEST_PNG = 1024 * 2**20, 15, 64 * 2**20
LONGER_SIDE = 1800  # of the PNG, in pixels
FONTS = Path(registry.__path__[0]) / "labels" / "fonts"
TEMPLATE = f"""#set page(width: auto, height: auto, margin: 0pt, fill: none)
#context {{
  let picture = image(sys.inputs.file, page: int(sys.inputs.page))
  let size = measure(picture)
  let factor = {LONGER_SIDE}pt / calc.max(size.width, size.height)
  scale(factor * 100%, reflow: true, picture)
}}"""


def main() -> None:
    """Draw, within the limits. A limit that is reached ends the process at once."""
    bound_to(MEMORY, CPU_SECONDS, LARGEST_PNG)
    try:
        sys.stdout.buffer.write(drawn(sys.stdin.buffer.read(), int(sys.argv[1])))
    except Invalid as refusal:
        sys.stdout.buffer.write(orjson.dumps({"code": refusal.code, "params": refusal.params}))
        sys.stdout.buffer.flush()
        os._exit(REFUSED)
    except MemoryError:
        os._exit(1)


def drawn(content: bytes, page: int) -> bytes:
    """An SVG, or this page of a PDF, as a PNG. Raises Invalid: plan.unsafe, plan.unreadable, plan.no_page."""
    kind = picture_kind(content)
    if kind is PictureKind.DRAWING and (part := unsafe_part(content)):
        raise Invalid("plan.unsafe", part=part)
    with tempfile.TemporaryDirectory() as home:
        template, file = Path(home, "plan.typ"), f"picture.{kind}"
        Path(home, file).write_bytes(content)
        template.write_text(TEMPLATE)
        try:
            png: bytes = typst.compile(
                template,
                root=Path(home),
                format="png",
                ppi=72,
                font_paths=typst.Fonts(include_system_fonts=False, font_paths=[FONTS]),
                sys_inputs={"file": file, "page": str(page if kind is PictureKind.PAPER else 1)},
            )
        except typst.TypstError as fault:
            if "does not exist in" in str(fault):
                raise Invalid("plan.no_page", page=page) from fault
            raise Invalid("plan.unreadable") from fault
    return png


if __name__ == "__main__":
    main()
