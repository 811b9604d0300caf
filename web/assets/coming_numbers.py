"""The numbers that the pieces of a form would get now, shown before they are given."""

from registry.assets.next_numbers import next_numbers
from registry.assets.numbering import UNIT_LENGTH, NumberFacts
from registry.assets.policy import in_force
from registry.assets.rules import account
from registry.categories.queries import category_tree
from registry.core.errors import Refusal
from web.assets.typed_fields import MOST_PIECES, TypedFields

# at which field a refusal stands
FAULT_FIELDS = {
    "asset.number_taken": "numbers", "asset.number_former": "numbers", "asset.bad_price": "price",
    "numbering.no_scheme": "unit", "numbering.no_kst": "kst", "numbering.bad_first": "unit", "room.unknown": "room",
    "person.unknown": "custodian", "grant.unknown": "grant",
}  # fmt: skip


async def coming_numbers(fields: TypedFields) -> list[str]:
    """The numbers that the pieces of a form would get now, those that are typed left out; none before the form says
    what they are.
    """
    many = fields.count("pieces", MOST_PIECES) - sum(bool(line) for line in fields.lines("numbers"))
    unit, price, day, kst = fields.raw("unit"), fields.price("price"), fields.day("accepted_on"), fields.kst("kst")
    if not unit or fields.faults or many < 1:
        return []
    kst = kst or (await category_tree()).defaults_of(fields.raw("category")).kst
    accepted_on = day or fields.context.today
    booked_on = account(price, kst, fields.raw("category"), accepted_on, in_force())
    try:
        return await next_numbers(NumberFacts(unit[:UNIT_LENGTH], booked_on, kst, accepted_on), many)
    except Refusal as refusal:
        fields.faults[FAULT_FIELDS.get(refusal.code, "unit")] = fields.context.words.refusal(refusal)
        return []
