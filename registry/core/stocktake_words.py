"""What a refusal about stocktakes says: a part of ``WORDS`` in registry/core/errors.py."""

from registry.core.marks import N_

STOCKTAKE_WORDS: dict[str, str] = {
    "stocktake.unknown": N_("There is no such stocktake."),
    "stocktake.no_area": N_("Say what is counted: at least one room, person or category."),
    "stocktake.many_areas": N_("A stocktake has {limit} areas at most. Order two."),
    "stocktake.too_large": N_("A stocktake counts {limit} pieces at most. Order two."),
    "stocktake.far_day": N_("The day of the count is more than a year away. Correct it."),
    "stocktake.few_members": N_("A committee has {minimum} people at least: who chairs it, and another. Add somebody."),
    "stocktake.many_members": N_("A committee has {limit} people at most. Leave somebody out."),
    "stocktake.no_chair": N_("Nobody of the committee chairs it. Name one of its people."),
    "stocktake.may_not_count": N_(
        "{person} cannot count: the account is closed, reads only, or puts values on what others count. Choose another."
    ),
    "stocktake.answers_for_things": N_(
        "{person} cannot count: they answer for {pieces} of the pieces in these areas. Choose another."
    ),
    "stocktake.was_opened": N_("The count was opened already."),
    "stocktake.not_open": N_("The count is not open yet. Who ordered it opens it."),
    "stocktake.over": N_("The count is closed. What is wrong on a sheet is put right there, with a reason."),
    "stocktake.area_closed": N_("This area is closed, and its sheet does not change any more."),
    "stocktake.not_member": N_("You are not of the committee of this stocktake. Who ordered it names who counts."),
    "stocktake.outside": N_("{room} is in none of the areas that are counted. Go to one of them, or choose it."),
    "stocktake.not_a_thing": N_("{code} is no code of a thing. Scan the label of a thing, or type its whole number."),
    "stocktake.bad_quantity": N_("That is no number of pieces. Give a whole number up to {limit}."),
    "stocktake.blind": N_("This is a blind count: what the books say is shown when all areas are closed."),
    "stocktake.no_area_of": N_("This stocktake has no area {area}."),
    "stocktake.no_sighting": N_("There is no such entry, or it was struck through already."),
    "stocktake.no_sheet": N_("There is no such count sheet."),
    "stocktake.no_side": N_(
        "This signature is not yours: who counted signs, who answers for the things, and who checks another's values."
    ),
    "stocktake.no_line": N_("The sheet has no line {line}."),
    "stocktake.not_closed": N_("This waits for the moment between the closing of all areas and the valuation."),
    "stocktake.not_valued": N_("The differences are settled once, after the accountant has valued them."),
    "stocktake.no_difference": N_("{difference} is no difference of this stocktake, or stands there twice."),
    "stocktake.not_all_valued": N_("{many} of the differences have no value and explanation yet, {piece} among them."),
    "stocktake.bad_value": N_("That is no amount. Write it in PLN with two places at most, without a minus."),
    "stocktake.no_explanation": N_("Say how the difference came about, in {limit} characters at most."),
    "stocktake.not_alike": N_(
        "A shortage is made up for by a surplus of like things only, as many of them, once. {piece} has no such pair."
    ),
    "stocktake.no_task": N_("There is no such task in this settlement."),
    "stocktake.task_done": N_("Somebody has done this already."),
}
