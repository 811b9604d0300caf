"""Who works on a sent list: see registry/core/claims.py."""

from registry.core.claims import Claims
from registry.importing.models import ImportState, PendingImport

AT_WORK = (ImportState.WRITING, ImportState.UNDOING)
LISTS = Claims(PendingImport, AT_WORK, "import.being_written", "sent_at")
