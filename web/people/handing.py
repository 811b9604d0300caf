"""The secret of a new link on its way to the page that shows it once: in a cookie of this browser, for some minutes."""

from collections.abc import Sequence

from fastapi import Request
from starlette.responses import Response

from registry.people.links import IssuedLink, in_groups, link_address
from web.auth.session import keep, options_of

NEW_LINKS, MINUTES = "izba_new_links", 10
MOST = 60  # a cookie holds no more


def hand_on(response: Response, request: Request, links: Sequence[IssuedLink]) -> Response:
    """The response, with the secrets of these links for the page that it leads to."""
    assert len(links) <= MOST, len(links)
    value = ".".join(link.secret for link in links)
    keep(response, options_of(request), NEW_LINKS, value, MINUTES * 60)
    return response


def secrets_in_hand(request: Request) -> list[str]:
    """The secrets that this browser was just given."""
    return [secret for secret in request.cookies.get(NEW_LINKS, "").split(".") if secret][:MOST]


def address_of_link(request: Request, secret: str) -> str:
    """What opens the page where a password is chosen."""
    return link_address(options_of(request).base_url, secret)


__all__ = ["MOST", "address_of_link", "hand_on", "in_groups", "secrets_in_hand"]
