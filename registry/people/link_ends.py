"""When links of one use lead nowhere any more: another was made, the account got a password, an address or an end."""

from collections.abc import Collection
from datetime import datetime

from registry.outbox.actions import wipe_secrets
from registry.people.models import LinkPurpose, OneUseLink

# what tells somebody of a link by mail
NOTICE_KINDS = {LinkPurpose.INVITATION: "account.invited", LinkPurpose.FORGOTTEN: "account.password"}


async def end_links(person_id: int, now: datetime, purposes: Collection[LinkPurpose] = tuple(LinkPurpose)) -> None:
    """End the unused links of somebody, inside the caller's transaction. A letter that was to bring one leaves without
    it.
    """
    links = OneUseLink.filter(person_id=person_id, used_at__isnull=True, expires_at__gt=now)
    await links.filter(purpose__in=list(purposes)).update(expires_at=now)
    await wipe_secrets(person_id, [NOTICE_KINDS[purpose] for purpose in purposes])
