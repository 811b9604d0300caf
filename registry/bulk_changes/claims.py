"""Who carries out a bulk change: see registry/core/claims.py."""

from registry.bulk_changes.models import BulkChange, BulkState
from registry.core.claims import Claims

BULK_CHANGES = Claims(BulkChange, (BulkState.WRITING,), "bulk.being_written", "made_at")
