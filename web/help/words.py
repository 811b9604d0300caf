"""What the chapters of the help are called."""

from web.kit.words import N_

CHAPTER_WORDS = {
    "how-to": N_("How to"),
    "tutorial": N_("Learn"),
    "explanation": N_("Understand"),
    "reference": N_("Look up"),
}
