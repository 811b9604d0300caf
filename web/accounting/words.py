"""How a piece is written off, and what the register does not say of it, in words."""

from registry.accounting.rules import Remark, WriteOff
from web.kit.words import N_

WAY_WORDS = {
    WriteOff.AT_ONCE: N_("at once, in the month of acceptance"),
    WriteOff.LINEAR: N_("in equal parts, from the month after acceptance"),
    WriteOff.NONE: N_("not written off"),
}
REMARK_WORDS = {
    Remark.NO_DAY: N_("The day of acceptance is missing"),
    Remark.NO_ACCOUNT: N_("The account is missing"),
    Remark.NO_RATE: N_("There is no rate for its KŚT symbol"),
    Remark.NO_LEAVING_DAY: N_("It left, and no document in force says when"),
    Remark.OTHER_ACCOUNT: N_("It is on another account than the policy says; written off by its account"),
    Remark.NOT_ACCEPTED: N_("Ordered, and not accepted yet"),
    Remark.OFF_BALANCE: N_("Counted by quantity alone"),
    Remark.NEVER: N_("Never written off"),
    Remark.WITHDRAWN: N_("Entered by mistake"),
}
# what somebody should put right; the others are as they should be
TO_MEND = (Remark.NO_DAY, Remark.NO_ACCOUNT, Remark.NO_RATE, Remark.NO_LEAVING_DAY, Remark.OTHER_ACCOUNT)
