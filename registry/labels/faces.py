"""What stands on a label: its code, its words, and the Union's emblem, as SVG. Pure.

The emblem's geometry and the words beside it: Regulation (EU) 1049/2014, article 1 and its annex. The centres of the
twelve stars lie on a circle of a third of the height, each star in a circle of an eighteenth of it, all upright.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi, sin

from registry.core.errors import Invalid
from registry.core.qr import qr_code
from registry.labels.formats import SMALLEST_MODULE, LabelFormat

QUIET = 2  # modules of white around a code: its label is white beyond them
_ALPHANUMERIC = re.compile(r"[0-9A-Za-z $%*+./:-]*")
_INNER = sin(pi / 10) / sin(3 * pi / 10)


@dataclass(frozen=True, slots=True)
class LabelFace:
    """What one label says. ``lines`` stand beside the code, the most important first; ``funding`` beside the emblem,
    empty for what no grant paid for.
    """

    tag: str
    address: str
    lines: tuple[str, ...]
    office: str = ""
    funding: tuple[str, ...] = ()
    about: str = ""  # what the code opens, for who cannot see it
    fault_address: str = ""  # of a room's notice on the wall: where a fault of it is reported
    captions: tuple[str, str] = ("", "")  # what stands under the two codes of such a notice


def address_of(base_url: str, tag: str) -> str:
    """What a code holds: in capitals where that is the same address, which makes the code smaller."""
    address = f"{base_url.rstrip('/')}/t/{tag}"
    scheme, _, rest = base_url.rstrip("/").partition("://")
    is_host_alone = "/" not in rest and _ALPHANUMERIC.fullmatch(rest) and scheme in ("http", "https")
    return address.upper() if is_host_alone else address


def code_svg(address: str) -> tuple[str, int]:
    """A QR code as SVG with its quiet zone, one unit a module, and how many units it is wide."""
    code = qr_code(address)
    size = code.size + 2 * QUIET
    box = f"{-QUIET} {-QUIET} {size} {size}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"><path d="{code.path}"/></svg>', size


def check_code(address: str, form: LabelFormat) -> None:
    """Raises Invalid("label.code_too_small") where no phone would read the code on a label of this format."""
    _, size = code_svg(address)
    if form.qr / size < SMALLEST_MODULE:
        raise Invalid("label.code_too_small", format=form.code, length=len(address))


@lru_cache(4)
def emblem_svg(*, black: bool) -> str:
    """The Union's emblem, 54 × 36 units; in black alone with an outline, for printers that know no colour."""
    height = 36.0
    field, stars = ("#fff", "#000") if black else ("#039", "#fc0")
    frame = ' stroke="#000" stroke-width="0.8"' if black else ""
    inset = 0.4 if black else 0.0
    polygons = "".join(f'<polygon points="{_star(height, 30 * hour)}" fill="{stars}"/>' for hour in range(12))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {height * 1.5:g} {height:g}">'
        f'<rect x="{inset}" y="{inset}"'
        f' width="{height * 1.5 - 2 * inset:g}" height="{height - 2 * inset:g}" fill="{field}"{frame}/>{polygons}</svg>'
    )


def _star(height: float, degrees: int) -> str:
    return " ".join(f"{x:.3f},{y:.3f}" for x, y in star_corners(height, degrees))


def star_corners(height: float, degrees: int) -> list[tuple[float, float]]:
    """The ten corners of the star of an emblem of this height that stands so many degrees from its top."""
    angle = degrees * pi / 180
    x, y = height * 0.75 + height / 3 * sin(angle), height / 2 - height / 3 * cos(angle)
    radius = height / 18
    corners = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * _INNER
        turn = corner * pi / 5
        corners.append((x + reach * sin(turn), y - reach * cos(turn)))
    return corners
