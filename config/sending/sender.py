"""The sender: puts notices into letters and carries letters out. Each process has one, none carries another's."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from config.office import OfficeSettings, site_options
from config.sending.announcer import announce
from config.sending.apart import Carried, CarrierProcess
from config.sending.mail import MailServer
from config.sending.mailbag import Mailbag, bag_of, carry, number_of
from registry.core.clock import Clock
from registry.outbox import letters, queries
from registry.outbox.letters import MAIL, Delivery, Parcel, SortingPlan
from registry.outbox.models import LetterState
from web.kit.render import Pages
from web.outbox.view import rooms_by_code
from web.outbox.words import RoomName

log = logging.getLogger(__name__)
AT_ONCE = 200
MANY = 20  # so many together are worth a process of their own
REST = timedelta(seconds=30)


class Sender:
    """Carries what waits, at each run of its job, by what the office has set by then."""

    def __init__(self, office: OfficeSettings, clock: Clock) -> None:
        self._office, self._clock = office, clock
        self._pages: Pages | None = None
        self._apart = CarrierProcess()
        self._server: MailServer | None = None
        self._channels: Mapping[str, str] = {}
        self._rest_until: datetime | None = None

    def _catch_up(self) -> None:
        """Follow the settings. A server that was put right is tried at once, whatever the one before has answered."""
        settings = self._office.now
        server = MailServer.of(settings) if settings.smtp_host else None
        if server != self._server:
            self._server, self._rest_until = server, None
        self._channels = settings.channels

    async def send_notices(self, now: datetime) -> None:
        """One run: all that was told since is sorted, all that is due and may leave leaves."""
        self._catch_up()
        if await queries.has_unsorted():
            plan = self._plan(await self._pages_in_force())
            while await letters.sort_out(plan, self._clock()) == letters.LOT:
                pass
        if (
            self._server is None
            and not self._channels
            or self._rest_until
            and now < self._rest_until
            or not await queries.has_due(now)
        ):
            return
        try:
            while many := await self._allowance():
                self._catch_up()
                parcels = await self._claimed(many)
                if not parcels or not await self._carry(parcels):
                    break
        finally:
            await self._apart.end()

    async def _pages_in_force(self) -> Pages:
        """What draws letters, by what the office has set by now."""
        options = await site_options(self._office.now)
        if self._pages is None or self._pages.options != options:
            self._pages = Pages(options)
        return self._pages

    def _plan(self, pages: Pages) -> SortingPlan:
        settings = self._office.now
        return SortingPlan(
            has_mail=self._server is not None,
            channels=frozenset(self._channels),
            hourly=settings.smtp_per_person,
            zone=ZoneInfo(pages.options.timezone),
        )

    async def _allowance(self) -> int:
        """How many may leave now, counted over all processes."""
        settings = self._office.now
        return max(min(AT_ONCE, settings.smtp_per_minute - await queries.sent_lately(self._clock())), 0)

    async def _claimed(self, many: int) -> list[Parcel]:
        """Letters for this process, a few at a time: nobody waits for all of them."""
        parcels: list[Parcel] = []
        while len(parcels) < many:
            lot = await letters.claim(min(letters.LOT // 2, many - len(parcels)), self._clock())
            parcels += lot
            if not lot:
                break
        return parcels

    async def _carry(self, parcels: Sequence[Parcel]) -> bool:
        """Whether the server takes more. The other channels take their time: what came of the mails is noted before
        them, and their letters are this process's own for another lease.
        """
        rooms, pages = await rooms_by_code(), await self._pages_in_force()
        mails = [parcel for parcel in parcels if parcel.letter.channel == MAIL]
        others = [parcel for parcel in parcels if parcel.letter.channel != MAIL]
        try:
            carried = await self._noted(mails, self._carry_mail(bag_of(mails, rooms), pages))
            others = await letters.prolong(others, self._clock())
        except BaseException:
            await asyncio.shield(self._settle(others, Carried({}, None)))
            raise
        await self._noted(others, self._announce(others, rooms, pages))
        if carried.trouble is None:
            return True
        self._rest_until = self._clock() + REST
        log.warning("mail waits: %s", carried.trouble)
        return False

    async def _noted(self, parcels: Sequence[Parcel], carrying: Awaitable[Carried]) -> Carried:
        """What came of carrying these letters; it is noted even if it ends on the way."""
        carried = Carried({}, None)
        try:
            carried = await carrying
        finally:
            await asyncio.shield(self._settle(parcels, carried))
        return carried

    async def _announce(self, parcels: Sequence[Parcel], rooms: Mapping[str, RoomName], pages: Pages) -> Carried:
        full = [parcel for parcel in parcels if parcel.notices]
        return Carried(await announce(full, self._channels, rooms, pages), None)

    async def _carry_mail(self, bag: Mailbag, pages: Pages) -> Carried:
        """Few letters in this process, many in one of their own."""
        if self._server is None or not bag.letters:
            return Carried({}, None)
        if len(bag.letters) >= MANY:
            return await self._apart.carry(bag, self._server, pages, self._clock())
        postman = await carry(bag, self._server, pages, self._clock())
        return Carried(postman.answers, postman.trouble)

    async def _settle(self, parcels: Sequence[Parcel], carried: Carried) -> None:
        """What was tried is noted, the rest given back."""
        now = self._clock()
        for lease in dict.fromkeys(parcel.letter.lease for parcel in parcels):
            deliveries, rest = [], []
            for parcel in (one for one in parcels if one.letter.lease == lease):
                answer = carried.answers.get(number_of(parcel))
                if not parcel.notices:
                    deliveries.append(Delivery(parcel.letter, LetterState.DROPPED, "nothing is left to tell"))
                elif answer is None:
                    rest.append(parcel)
                else:
                    deliveries.append(Delivery(parcel.letter, answer.state, answer.text))
            await letters.settle(deliveries, now)
            await letters.put_back(rest, now + REST, str(carried.trouble or ""), now)
