"""The sections of the site and their pages: the masthead's first and second row, the phone's five words, and the page
of all of them. A page comes in by a line of the table.
"""

from dataclasses import dataclass

from registry.people import rules
from registry.people.models import Role
from web.kit.words import N_


@dataclass(frozen=True, slots=True)
class SectionPage:
    """A page of a section, for whoever has the capability. ``below`` are further addresses that belong to it, ``about``
    what the index of the office says of it.
    """

    href: str
    word: str
    capability: str
    below: tuple[str, ...] = ()
    about: str = ""

    def fits(self, path: str) -> int:
        """How much of an address is this page's, its own before what is below it; 0 where it does not belong to it."""
        prefixes = (self.href, *self.below)
        lengths = [len(one) for one in prefixes if path == one or path.startswith(f"{one.rstrip('/')}/")]
        return 2 * max(lengths, default=0) + (lengths[:1] == [len(self.href)])


@dataclass(frozen=True, slots=True)
class Section:
    """What the masthead names. Its first page is where it leads; ``on_phone`` is whether the phone's bar names it."""

    symbol: str
    word: str
    pages: tuple[SectionPage, ...]
    on_phone: bool = True


HOME = Section("home", N_("Today"), (SectionPage("/", N_("Today"), "rooms.see"),))
SECTIONS = (
    HOME,
    Section(
        "calendar", N_("Calendar"),
        (
            SectionPage("/calendar", N_("Calendar"), "rooms.see", ("/bookings", "/series", "/feeds", "/approvals")),
            SectionPage("/approvals", N_("To approve"), "bookings.manage"),
            SectionPage("/blocks", N_("Blocks"), "blocks.see"),
            SectionPage("/works", N_("Works"), "works.see"),
        ),
    ),
    Section(
        "door", N_("Rooms"),
        (
            SectionPage("/rooms", N_("List"), "rooms.see"),
            SectionPage("/plan", N_("Floor plan"), "rooms.see"),
            SectionPage("/devices", N_("Devices"), "devices.see", ("/panels",)),
            SectionPage("/admin/places", N_("Places and rules"), "rooms.manage"),
        ),
    ),
    Section(
        "armchair", N_("Assets"),
        (
            SectionPage("/assets", N_("Things"), "assets.see"),
            SectionPage("/sets", N_("Sets"), "assets.see"),
            SectionPage("/categories", N_("Categories"), "assets.see"),
            SectionPage("/documents", N_("Documents"), "assets.see"),
            SectionPage("/stocktakes", N_("Stocktakes"), "assets.see"),
            SectionPage("/due", N_("Due dates"), "assets.see"),
            SectionPage("/reports/depreciation", N_("Depreciation"), "depreciation.see"),
            SectionPage("/labels", N_("Labels"), "labels.print"),
            SectionPage("/assets/import", N_("Import"), "imports.run"),
            SectionPage("/scan", N_("Scan"), "assets.see", ("/t",)),
            SectionPage("/scan/unknown", N_("Unknown codes"), "assets.change"),
            SectionPage("/assets/numbering", N_("Numbers"), "assets.change"),
        ),
        on_phone=False,
    ),
    Section("alert-triangle", N_("Faults"), (SectionPage("/faults", N_("Faults"), "rooms.see"),), on_phone=False),
    # what an office sets itself up with: each page with the words that its index, /admin, has beside it
    Section(
        "building", N_("Office"),
        (
            SectionPage("/admin", N_("Overview"), "office.see"),
            SectionPage(
                "/admin/people", N_("People"), "people.see", ("/admin/roles",),
                N_("Who has an account, what their role is, who is not in yet, and who leaves."),
            ),
            SectionPage(
                "/admin/institutions", N_("Institutions"), "people.see",
                about=N_("Who people work for, and for whom rooms are kept."),
            ),
            SectionPage(
                "/admin/hours", N_("Opening hours"), "office.see", ("/admin/days",),
                about=N_("Weeks that rooms share, and the year with its holidays and days that differ"),
            ),
            SectionPage(
                "/admin/outbox", N_("Outbox"), "office.manage",
                about=N_("What leaves by mail, what waits, and what did not arrive."),
            ),
            SectionPage(
                "/admin/history", N_("History"), "history.see_all",
                about=N_("Who changed what, before and after; found, taken away, checked."),
            ),
            SectionPage(
                "/admin/settings", N_("Settings"), "office.manage",
                about=N_("What is in force, where it comes from, and what this office changes itself."),
            ),
            SectionPage(
                "/admin/system", N_("System"), "office.manage", ("/admin/licences",),
                about=N_("How Izba does: state, jobs, backups, versions."),
            ),
        ),
        on_phone=False,
    ),
)  # fmt: skip
# what the phone's bar has in the middle, by what somebody's work is
SCAN = SectionPage("/scan", N_("Scan"), "assets.change")
BOOK = SectionPage("/bookings/new", N_("Book"), "bookings.make")
MORE = "/more"


@dataclass(frozen=True, slots=True)
class MenuLink:
    """One link of a menu; ``device`` is the class of the screens that show it, empty for all."""

    href: str
    word: str
    symbol: str = ""
    is_current: bool = False
    device: str = ""


def _pages_of(section: Section, role: Role | str) -> list[SectionPage]:
    return [page for page in section.pages if rules.may(role, page.capability)]


def _current(path: str, role: Role | str) -> tuple[Section | None, SectionPage | None]:
    """The section and the page that an address belongs to: the longest beginning wins."""
    best: tuple[int, Section | None, SectionPage | None] = (0, None, None)
    for section in SECTIONS:
        for page in _pages_of(section, role):
            length = int(path == "/") if page.href == "/" else page.fits(path)
            if length > best[0]:
                best = (length, section, page)
    return best[1], best[2]


def masthead(role: Role | str, path: str) -> list[MenuLink]:
    """The first row; on a phone its five words, of which one is what this role does most."""
    current, page = _current(path, role)
    links = [
        MenuLink(
            pages[0].href, section.word, section.symbol, section is current, "" if section.on_phone else "wide-only"
        )
        for section in SECTIONS
        if (pages := _pages_of(section, role))
    ]
    act = next((one for one in (SCAN, BOOK) if rules.may(role, one.capability)), None)
    if act:
        symbol = "qrcode" if act is SCAN else "plus"
        links.insert(2, MenuLink(act.href, act.word, symbol, path == act.href, "phone-only"))
    is_more = path == MORE or (current is not None and not current.on_phone and (page is None or page.href != "/scan"))
    return [*links, MenuLink(MORE, N_("More"), "dots", is_more, "phone-only")]


def second_row(role: Role | str, path: str) -> list[MenuLink]:
    """The pages of the section where one is; nothing for a section of one page."""
    current, page = _current(path, role)
    pages = _pages_of(current, role) if current else []
    return [MenuLink(one.href, one.word, "", one is page) for one in pages] if len(pages) > 1 else []


def all_sections(role: Role | str) -> list[tuple[Section, list[SectionPage]]]:
    """Every section with its pages, as far as a role may see them."""
    return [(section, pages) for section in SECTIONS if (pages := _pages_of(section, role))]


def office_pages(role: Role | str) -> list[SectionPage]:
    """What the index of the office names for a role."""
    return [page for page in _pages_of(SECTIONS[-1], role) if page.href != "/admin"]
