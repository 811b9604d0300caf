"""What kinds of files are called, and how large one is."""

from registry.files.models import AttachmentKind
from registry.files.rules import PDF, kind_fault
from web.kit.page_context import PageContext
from web.kit.words import N_

KIND_WORDS = {
    AttachmentKind.PHOTO: N_("photo"),
    AttachmentKind.INVOICE: N_("invoice"),
    AttachmentKind.MANUAL: N_("manual"),
    AttachmentKind.GUARANTEE: N_("guarantee"),
    AttachmentKind.PROTOCOL: N_("protocol"),
    AttachmentKind.OTHER: N_("other file"),
}
KIND_SIGNS = {AttachmentKind.PHOTO: "photo", AttachmentKind.GUARANTEE: "certificate"}
BY_CONTENT = N_("a picture is a photo, all else another file")
DONE_WORDS = {
    "files": N_("It is attached."),
    "files-spread": N_("The file is on the other pieces too."),
    "files-renamed": N_("It is called so now."),
    "files-back": N_("The file is back."),
}


def kind_options(context: PageContext) -> list[tuple[str, str]]:
    """What a form offers, the first of them by content."""
    return [("", context.say(BY_CONTENT))] + [(str(kind), context.say(word)) for kind, word in KIND_WORDS.items()]


def renaming_options(media_type: str, context: PageContext) -> list[tuple[str, str]]:
    """What a file that is there can be called: nothing but a picture is a photo."""
    return [(str(kind), context.say(word)) for kind, word in KIND_WORDS.items() if not kind_fault(kind, media_type)]


def size_words(size: int, context: PageContext) -> str:
    """412 kB, 8,1 MB."""
    if size >= 999_500:
        tenths = round(size / 100_000)
        return f"{context.fmt.number(tenths / 10)} MB"
    return f"{max(round(size / 1000), 1)} kB"


def type_words(media_type: str) -> str:
    """PDF, JPEG."""
    return "PDF" if media_type == PDF else media_type.rpartition("/")[2].upper()
