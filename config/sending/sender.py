"""The sender: puts notices into letters and carries letters out. Each process has one, none carries another's."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from config.office import in_force, site_options
from config.sending.mail import Mail, MailServer, Postman
from config.settings import Settings
from registry.core.clock import Clock
from registry.outbox import letters, queries
from registry.outbox.letters import Delivery, Parcel, SortingPlan
from registry.outbox.models import LetterState
from registry.rooms.models import Room
from web.kit.render import Pages
from web.outbox.letters import draw
from web.rooms.room_cache import cached_rooms

log = logging.getLogger(__name__)
AT_ONCE = 100
REST = timedelta(seconds=30)


class Sender:
    """Carries what waits, at each run of its job."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._pages: Pages | None = None
        self._server = MailServer.of(settings) if settings.smtp_host else None
        self._per_minute = settings.smtp_per_minute
        self._rest_until: datetime | None = None

    async def send_notices(self, now: datetime) -> None:
        """One run: all that was told since is sorted, all that is due and may leave leaves."""
        if await queries.has_unsorted():
            plan = self._plan(await self._pages_in_force())
            while await letters.sort_out(plan, self._clock()) == letters.LOT:
                pass
        if self._server is None or self._rest_until and now < self._rest_until or not await queries.has_due(now):
            return
        while many := await self._allowance():
            parcels = await letters.claim(many, self._clock())
            if not parcels or not await self._carry(parcels):
                return

    async def _pages_in_force(self) -> Pages:
        """What draws letters, by what the office has set by now."""
        options = await site_options(await in_force(self._settings))
        if self._pages is None or self._pages.options != options:
            self._pages = Pages(options)
        return self._pages

    def _plan(self, pages: Pages) -> SortingPlan:
        return SortingPlan(
            has_mail=self._server is not None,
            channels=frozenset(),
            hourly=self._settings.smtp_per_person,
            zone=ZoneInfo(pages.options.timezone),
        )

    async def _allowance(self) -> int:
        """How many may leave now, counted over all processes."""
        return max(min(AT_ONCE, self._per_minute - await queries.sent_lately(self._clock())), 0)

    async def _carry(self, parcels: Sequence[Parcel]) -> bool:
        """Whether the server takes more."""
        assert self._server
        rooms = {room.code: room for room in await cached_rooms()}
        pages = await self._pages_in_force()
        mails = [_mail(parcel, rooms, pages) for parcel in parcels if parcel.notices]
        postman = Postman(self._server, mails, self._clock())
        try:
            await postman.carry()
        finally:
            await asyncio.shield(self._settle(parcels, postman))
        if postman.trouble is None:
            return True
        self._rest_until = self._clock() + REST
        log.warning("mail waits: %s", postman.trouble)
        return False

    async def _settle(self, parcels: Sequence[Parcel], postman: Postman) -> None:
        """What was tried is noted, the rest given back."""
        now = self._clock()
        deliveries, rest = [], []
        for parcel in parcels:
            answer = postman.answers.get(_number(parcel))
            if not parcel.notices:
                deliveries.append(Delivery(parcel.letter, LetterState.DROPPED, "nothing is left to tell"))
            elif answer is None:
                rest.append(parcel)
            else:
                deliveries.append(Delivery(parcel.letter, answer.state, answer.text))
        await letters.settle(deliveries, now)
        await letters.put_back(rest, now + REST, str(postman.trouble or ""), now)


def _mail(parcel: Parcel, rooms: Mapping[str, Room], pages: Pages) -> Mail:
    letter = draw(pages, parcel.notices, rooms, parcel.language)
    return Mail(
        number=_number(parcel),
        to=parcel.mail,
        name=parcel.name,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        wishes_url=letter.wishes_url,
    )


def _number(parcel: Parcel) -> str:
    """The same at each try of the same letter, so that a mailbox knows a second copy."""
    return f"izba.{parcel.letter.id}.{int(parcel.letter.created_at.timestamp())}"
