"""Feeds for programs: making, listing and withdrawing one's own."""

from uuid import UUID

from fastapi import Request, Response

from registry.feeds.actions import FeedWish, make_feed, withdraw_feed
from registry.feeds.models import CalendarFeed
from registry.feeds.queries import feed_row, feeds_of
from web.auth.access import Caller, options_of
from web.feeds.shapes import FeedAnswer, FeedBody, FeedsAnswer, feed_answer, url_of
from web.kit import routing
from web.kit.answers import ListAnswer, Paged
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import CallerActor, faults

router = routing.router("bookings")


@router.get("/feeds", responses=faults(), summary="One's own calendar feeds, the newest first")
async def listing(request: Request, person: Caller, paging: Paged) -> ListAnswer[FeedAnswer]:
    options, rows = options_of(request), await feeds_of(person)
    part = paging.part(rows)
    items = [feed_answer(row, options.secret_key, options.base_url) for row in part]
    return FeedsAnswer(items=items, next=paging.cursor(len(items), len(rows)), total=len(rows))


@router.post("/feeds", status_code=201, responses=faults(404, 409), summary="Make a calendar feed")
async def make(
    body: FeedBody, request: Request, person: Caller, actor: CallerActor, now: Now, once: OnceOnly
) -> FeedAnswer:
    """Its address holds a secret: whoever has it reads what the caller may see, and of a Help Point room only that it
    is taken. The same one again for what the caller has a feed of already.
    """
    options, wish = options_of(request), FeedWish(body.of, body.code)

    async def answer(feed: CalendarFeed) -> FeedAnswer:
        return feed_answer(await feed_row(feed.id), options.secret_key, options.base_url)

    async def again(stored: str) -> FeedAnswer:
        former = FeedAnswer.model_validate_json(stored)
        url = url_of(await feed_row(former.id), options.secret_key, options.base_url)
        return former.model_copy(update={"url": url})

    return await once(
        lambda key: make_feed(wish, person, options.secret_key, actor, now, key),
        answer,
        without=lambda whole: whole.model_copy(update={"url": None}),
        again=again,
    )


@router.delete("/feeds/{feed_id}", status_code=204, responses=faults(404), summary="Withdraw a calendar feed")
async def withdraw(feed_id: UUID, person: Caller, actor: CallerActor, now: Now) -> Response:
    """Whoever reads by its address gets nothing more."""
    await withdraw_feed(feed_id, person, actor, now)
    return Response(status_code=204)
