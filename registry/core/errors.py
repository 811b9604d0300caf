"""Five ways to say no, each with a stable code and the words that tell a person what to do.

``rules`` return all reasons, ``actions`` raise the first. Only ``web/kit/errors.py`` knows HTTP.
"""

from datetime import datetime
from typing import Any

from registry.core.booking_words import BOOKING_WORDS
from registry.core.document_words import DOCUMENT_WORDS
from registry.core.marks import N_ as N_
from registry.core.stocktake_words import STOCKTAKE_WORDS


class Refusal(Exception):
    """The office says no. ``code`` is stable, ``params`` fill the words and travel to the caller."""

    kind = "refusal"

    def __init__(self, code: str, /, **params: Any) -> None:
        super().__init__(code)
        if code not in WORDS:
            raise KeyError(f"the error code {code!r} has no words in registry/core/errors.py")
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return words(self.code, self.params)


class Invalid(Refusal):
    """What was sent is malformed."""

    kind = "invalid"


class NotFound(Refusal):
    """No such thing, or none that the caller may know of."""

    kind = "not_found"


class Forbidden(Refusal):
    """The caller may not do this."""

    kind = "forbidden"


class Conflict(Refusal):
    """The office cannot do this now: a taken room, a rule, a state."""

    kind = "conflict"


class Unavailable(Refusal):
    """A part that this needs is away."""

    kind = "unavailable"


class Reason(str):
    """A param that is words of ours too: told in the language of the sentence it stands in, in English elsewhere."""

    text: str
    params: dict[str, Any]

    def __new__(cls, text: str, /, **params: Any) -> "Reason":
        reason = super().__new__(cls, text.format_map(_Named(params)))
        reason.text, reason.params = text, params
        return reason

    def words(self, translate: Any) -> str:
        """The words in a language."""
        sentence: str = translate(self.text)
        return sentence.format_map(_words_of(self.params, translate))


class Term(str):
    """A param that programs read as its code and people as its words."""

    text: str

    def __new__(cls, code: str, text: str) -> "Term":
        term = super().__new__(cls, code)
        term.text = text
        return term


def words(code: str, params: dict[str, Any], translate: Any = lambda text: text) -> str:
    """The sentence of a code with its params filled in; a missing param leaves its name. An ``obstacle`` among the
    params, a sentence of its own, stands behind it.
    """
    sentence: str = translate(WORDS[code])
    words = _words_of(params, translate)
    return f"{sentence.format_map(words)} {words['obstacle']}" if params.get("obstacle") else sentence.format_map(words)


def _words_of(params: dict[str, Any], translate: Any) -> "_Named":
    return _Named({name: _in_a_sentence(value, translate) for name, value in params.items()})


def _in_a_sentence(value: Any, translate: Any) -> Any:
    if isinstance(value, Reason):
        return value.words(translate)
    if isinstance(value, Term):
        return translate(value.text)
    return value.strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else value


class _Named(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


WORDS: dict[str, str] = {
    # what was sent
    "request.malformed": N_("The request cannot be read: {reason}. Check it against the API description."),
    "request.not_utf8": N_("The request body is not UTF-8 text. Send it as UTF-8."),
    "request.not_json": N_("The request body is not JSON: {reason}. Correct it and send it again."),
    "request.too_large": N_("The request is larger than {limit} bytes. Send less at once."),
    "request.too_slow": N_("The request did not come to its end in time. Check the connection and send it again."),
    "mail.away": N_("The mail server {host} does not answer: {reason}. Check its name, its port and the encryption."),
    "mail.refused": N_(
        "The mail server {host} does not take Izba's mail: {reason}. Check the user name, the password and the sender."
    ),
    "notice.unknown": N_("There is no such notice of yours."),
    "notice.bad_wish": N_("Choose for each kind of notice: at once, once a day or not at all."),
    "notice.not_to_be_off": N_("This cannot be switched off: somebody waits for you. Choose at once or once a day."),
    "notice.bad_hour": N_("This is not a time of day. Write it like 7:00."),
    "notice.half_quiet": N_("A quiet time has a beginning and an end. Fill in both, or neither."),
    "notice.bad_channel": N_("There is no such channel. Choose one of: {channels}."),
    "notice.bad_channel_address": N_(
        "The channel needs to know you by a number or a name: letters, digits and @ + . _ - alone."
    ),
    "notice.no_server": N_("No mail server is set, so no mail leaves. Who runs Izba names one in the settings."),
    "notice.no_mail": N_("Izba knows no mail address of yours. Ask who manages people to add it."),
    "letter.unknown": N_("There is no such letter in the outbox."),
    "letter.wiped": N_("What this letter carried is gone by now. Do again what it was about, such as the invitation."),
    "events.too_many": N_("You have {limit} streams of news open. Close some of them."),
    "request.unknown_field": N_("There is no field {field} here. Remove it or check its spelling."),
    "request.duplicate_key": N_("The key {field} comes twice in one object of the request body. Keep one of the two."),
    "request.missing_field": N_("The field {field} is missing. Add it."),
    "request.bad_field": N_("{field} cannot be read: {reason}. Correct it."),
    "request.stale": N_("Somebody changed this meanwhile. Look at the new version and try again."),
    "request.key_reused": N_("This Idempotency-Key was used for another request. Use a new key."),
    "request.csrf": N_("This form has expired. Reload the page and send it again."),
    "request.not_found": N_("There is nothing at this address."),
    "request.method": N_("This address does not take {method}."),
    "internal.fault": N_("Something broke on our side. It has been logged; please try again."),
    "internal.busy": N_("Too many changes at once. Please try again in a moment."),
    "internal.stopping": N_("Izba is being restarted. Please try again in a moment."),
    # people
    "auth.required": N_("Sign in first, or send a token: Authorization: Bearer …"),
    "auth.bad_token": N_("This token is unknown or withdrawn. Ask for a new one."),
    "auth.bad_login": N_("The login or the password is wrong."),
    "auth.bad_password": N_("The present password is wrong."),
    "auth.too_many": N_("Too many attempts. Wait {minutes} minutes and try again."),
    "auth.slow_down": N_("Too many attempts from here or with this login. Wait {seconds} seconds and try again."),
    "auth.role": N_("Your role does not allow this."),
    "person.unknown": N_("There is nobody with the login {login}."),
    "person.login_taken": N_("The login {login} is taken. Choose another."),
    "person.bad_login": N_(
        "{login} cannot be a login. Use 2–64 letters, digits, dots or hyphens, but neither new nor slips."
    ),
    "person.bad_role": N_("There is no role {role}. Choose one of: {roles}."),
    "person.bad_mail": N_("{mail} is no mail address. Write it on one line, like name@office.example."),
    "person.bad_languages": N_("{given} is no language. Write codes of two letters, like pl, en, uk."),
    "person.last_administrator": N_(
        "{name} is the last administrator whose account has no end. Make somebody else one first."
    ),
    "person.closed": N_("The account {login} is closed. Open it first."),
    "person.nobody_takes": N_(
        "Something still hangs on {login}. Say who takes it over, or that it stays where it is for now."
    ),
    "person.own_heir": N_("{login} cannot take over what is theirs already. Choose somebody else."),
    "person.cannot_take": N_("{name} cannot take over {what}: {reason}. Choose somebody else for it."),
    "person.no_mail": N_("{login} has no mail address. Add one, or print a slip."),
    "person.weak_password": N_("The password is too short. Use at least {minimum} characters."),
    "person.passwords_differ": N_("The two passwords differ. Type both again."),
    "institution.unknown": N_("There is no institution {institution}. See the list of institutions for the codes."),
    "institution.exists": N_("There is already an institution {institution}. Choose another code."),
    "institution.bad_code": N_("{given} cannot be a code. Use up to 40 letters, digits, dots or hyphens, but not new."),
    "link.unknown": N_("This link was used already, or its time is over. Ask who runs Izba for a new one."),
    # rooms
    "room.unknown": N_("There is no room {room}. See the list of rooms for the codes."),
    "room.not_bookable": N_("{room} cannot be booked."),
    "room.not_yours": N_("Your institution may not book {room}. Ask the coordinator."),
    "room.none_free": N_("No room is free then for so many people. Choose another time."),
    "room.exists": N_("There is already a room {room}."),
    "room.closed": N_("{room} is closed for good. Take another room, or open it again."),
    "building.unknown": N_("There is no building {building}. See the list of buildings for the codes."),
    "building.closed": N_("The building {building} is closed. Open it again first, or take another."),
    "building.has_rooms": N_("{building} has rooms in use ({rooms}). Close them first."),
    "standard.twice": N_("{name} stands on two lines. Put it on one, with how many there should be."),
    "standard.bad_feature": N_("There is no feature {feature}. Choose from: {features}; or none."),
    "room.bad_number": N_("Write a whole number from {least} to {most}."),
    "room.bad_approver": N_("{name} cannot approve bookings here: their account or their role does not allow it."),
    "room.no_name": N_("Fill this in: people know the room by it."),
    "room.lengths_crossed": N_(
        "The shortest booking is longer than the longest. Make the one shorter or the other longer."
    ),
    "plan.unknown": N_("There is no floor {floor} in {building}. See the list of plans."),
    "plan.no_wall": N_("This address shows no floor any more. Ask who runs the rooms for the new one."),
    "plan.other_floor": N_("{room} is not on this floor. Place it on the plan of its own floor."),
    "plan.twice": N_("{room} stands twice. Give each room one place."),
    "plan.bad_shape": N_("A room on a plan has {least} to {most} corners."),
    "plan.outside": N_(
        "This reaches beyond the picture. From the left and the width make at most 100 %, so do the others."
    ),
    "plan.too_small": N_(
        "This is too small to be seen. Give the room half a percent of the picture at least, each way."
    ),
    "plan.narrow": N_("{name} is no plan: no side may be under {least} pixels or over {ratio} times the other."),
    "plan.bad_type": N_("{name} is no plan. Choose an SVG, a PNG or JPEG picture, or a PDF."),
    "plan.unreadable": N_("{name} cannot be read. Save it anew, as a PNG or a PDF, and choose that."),
    "plan.no_page": N_("{name} has no page {page}. Choose one that it has."),
    "plan.too_much": N_("{name} takes too long or too much memory to draw. Save the plan as a PNG, and choose that."),
    "plan.unsafe": N_(
        "{name} was not taken: it holds {part}, which no plan needs. Save it as a PNG or a PDF, and choose that."
    ),
    "room.no_photo": N_("{name} is no picture. Choose a photo: JPEG, PNG, WebP or GIF."),
    "room.bad_feature": N_(
        "{feature} is not built into a room. Put the thing on the room's standard; built in are: {features}."
    ),
    "room.class_in_use": N_(
        "Somebody is in {room} by a booking now, and what is seen of it must not change meanwhile. Wait for its end."
    ),
    "booking.no_gap": N_("The time for set-up and clean-up is not free between this booking and the one beside it."),
    "opening.unknown": N_("There are no opening hours called {profile}. See the list of opening hours for the codes."),
    "place.bad_code": N_("{code} cannot be a code. Use letters, digits, dots and hyphens, 40 at most."),
    "place.code_taken": N_("The code {code} is taken. Choose another."),
    "site.bad_timezone": N_("There is no time zone {given}. Write it like Europe/Warsaw."),
    # the first start
    "setup.needed": N_("This Izba is empty. Open /setup in a browser, or run: izba setup --json FILE."),
    "setup.over": N_("This Izba is set up already: somebody has an account. Sign in."),
    "setup.bad_code": N_("This is not the code. {left} more attempts, then a pause of a minute."),
    "setup.too_many": N_("Too many wrong codes. Wait {seconds} seconds, then take the newest code from the terminal."),
    "setup.no_code": N_("Type the code from the terminal first: the page was open too long, or there is a newer code."),
    "setup.bad_file": N_("{file} does not say how to set Izba up: {reason}. See docs/how-to/first-start.md."),
    # bookings
    "booking.unknown": N_("There is no such booking."),
    "booking.naive_time": N_("{field} has no offset. Write it like 2026-11-26T13:00:00+01:00."),
    "booking.bad_time": N_("{field} is not a time: {given}. Write it like 2026-11-26T13:00:00+01:00."),
    "booking.no_clock": N_("A time is missing. Write it like 13:30."),
    "booking.form_used": N_(
        "This form has made a booking already, and says something else now. Send it again if you want another booking."
    ),
    "booking.bad_clock": N_("{given} is not a time of day. Write it like 13:30."),
    "booking.bad_date": N_("{given} is not a date. Write it like 2026-11-26."),
    "booking.gap_time": N_("{given} does not exist on {date}: the clocks go forward. Choose another time."),
    "booking.fold_time": N_("{given} happens twice on {date}: the clocks go back. Choose which one you mean."),
    "booking.ends_before_start": N_("The end is not after the start. Choose a later end."),
    "booking.too_short": N_("A booking here takes at least {minutes} minutes."),
    "booking.too_long": N_("A booking here takes at most {hours} hours. Choose a shorter time or several bookings."),
    "booking.too_early": N_("The booking would start in the past. Choose a later start."),
    "booking.too_far": N_("{room} can be booked {days} days ahead at most."),
    "booking.closed": N_("{room} is closed then. Choose a time within its opening hours."),
    "booking.outside_hours": N_("{room} is usually closed then. The booking stands; ask who lets you in."),
    "booking.not_ready": N_("Not in working order in {room} now: {need}. Ask facilities, or take another room."),
    "booking.overlap": N_("{room} is taken then. Choose another time or another room."),
    "booking.over_capacity": N_("{room} seats {capacity}. Choose a larger room."),
    "booking.bad_attendees": N_("The number of people must be from 1 to 10 000."),
    "booking.title_too_long": N_("The title is longer than {limit} characters. Shorten it."),
    "booking.title_control": N_("The title holds characters that cannot be shown. Type it again without them."),
    "booking.title_not_here": N_(
        "Bookings of this room have no title, to protect the people who come. Leave it empty."
    ),
    "booking.bad_reason": N_(
        "In this room a reason is one of a list, to protect the people who come. Choose one of: {reasons}."
    ),
    "booking.bad_kind": N_("There is no kind {kind} of booking here. Choose one of: {kinds}."),
    "booking.bad_needs": N_("There is no need {need}. Choose from: {needs}."),
    "booking.not_yours": N_("This is not your booking. Ask its organizer or the coordinator."),
    "booking.for_another": N_(
        "You book for yourself and for people of your institution; only a coordinator books for others."
    ),
    "booking.state": N_("This cannot be done: the booking is {status}."),
    "booking.check_in_early": N_("Check-in opens at {opens}. Come back then."),
    "booking.not_running": N_("This booking is not running now."),
    "booking.part_of_block": N_("This belongs to a block: {reason}. Change the block itself."),
    "booking.undo_late": N_("This could be taken back until {until}. Book the room again."),
    "booking.approval_late": N_("{room} is given out after approval, and nobody answers at once. Begin later."),
    "booking.answered": N_("{name} has answered already: the booking is {status}."),
    "booking.not_to_answer": N_("Whether this room may be had is for its approvers to say. Ask one of them."),
    "booking.answer_late": N_("This cannot be answered any more: the time that was asked for has begun."),
    "booking.answer_stands": N_("An answer is taken back within ten minutes, and before anything else happens."),
    "booking.no_reason": N_("Say why, so that the organizer knows what to do."),
    "booking.nothing_to_do": N_("There is no booking in this room now."),
    # blocks
    "block.unknown": N_("There is no such block."),
    "block.no_room": N_("No room is chosen. Choose one at least."),
    "block.no_span": N_("No time is given. Give one at least."),
    "block.no_reason": N_("Say why: the reason is for those who work here."),
    "block.too_early": N_("A block cannot begin in the past. Choose a later start."),
    "block.too_far": N_("A block ends at most {days} days from now. Choose an earlier end."),
    "block.too_large": N_("These are too many rooms and times for one block. Make several of it."),
    "block.in_the_way": N_("{count} bookings are in the way. Say of each whether it stays, moves or is cancelled."),
    "block.nothing_left": N_("Nothing is left to block in {room}: what stays takes all of it. Leave the room out."),
    "block.over": N_("This block is over or was taken back. Make a new one."),
    "block.no_other_room": N_("Say to which room the booking moves."),
    # series of bookings
    "series.unknown": N_("There is no such series of bookings."),
    "series.bad_rule": N_(
        "This rule cannot be read: {reason}. Write it as RFC 5545 does: FREQ=WEEKLY;BYDAY=MO;COUNT=10."
    ),
    "series.bad_date": N_("{given} is no date. Write it like 2027-01-18, or with a time like 2027-01-18T09:00."),
    "series.too_often": N_("A booking repeats at the most daily. Choose days, weeks, months or years."),
    "series.endless": N_("This series has no end. Say until when it goes on, or how many dates it has."),
    "series.too_many": N_("A series has {limit} dates at most. Let it end sooner."),
    "series.too_long": N_("A series goes on for {years} years at most. Let it end sooner."),
    "series.no_date": N_("No date comes of this rule. Look at its days and its end."),
    "series.overlaps_itself": N_("Two dates of this series are in each other's way: {first} and {second}."),
    "series.no_wait": N_("A series cannot wait for dates that are taken. Refuse it, or skip these dates."),
    "series.in_the_way": N_(
        "{count} dates of this series cannot be had, so nothing was booked. Skip these, or change it."
    ),
    "series.nothing_left": N_("None of these dates can be had. Choose another time or another room."),
    "series.holiday": N_("This is a day off, which the series leaves out."),
    "series.gap_time": N_(
        "This hour does not exist on that day: the clocks go forward. The series leaves the day out."
    ),
    "series.no_occurrence": N_("This series has no such date, or it is over. Choose one that is still to come."),
    "series.over": N_("Nothing of this series is still to come. Book a new one."),
    "series.bad_end": N_("Say until when the series goes on, or how many dates it has."),
    # building works
    "works.unknown": N_("There are no such building works."),
    "works.no_name": N_("Say what is built or repaired: the name stands in every list."),
    "works.ends_before_start": N_("The last day is before the first. Choose a later one."),
    "works.over": N_("These building works are over. Plan new ones."),
    "works.asset_taken": N_("One of the pieces comes of other building works already. Take it out there first."),
    "works.too_many_assets": N_("Building works make {limit} pieces at most here. Leave some out."),
    **BOOKING_WORDS,
    **DOCUMENT_WORDS,
    **STOCKTAKE_WORDS,
    # opening hours
    "opening.exists": N_("There are already opening hours {code}. Choose another code."),
    "opening.bad_code": N_("{code} cannot be a code. Use 1–40 letters, digits, dots or hyphens."),
    "opening.closes_first": N_("{given} closes before it opens. Write it like 8:00–16:00."),
    "opening.bad_span": N_("{given} is not a time from one hour to another. Write it like 8:00–16:00."),
    "opening.bad_weekday": N_("The weekday must be from 1, Monday, to 7, Sunday."),
    "opening.bad_period": N_("The period ends before it begins. Choose a later last day."),
    "opening.empty_period": N_("A period with dates opens on one weekday at least. Write its hours, or take it out."),
    "opening.too_many": N_("These are more than {limit} times a week. Leave some out."),
    "opening.too_many_periods": N_("A week has at most {limit} periods with dates. Leave one out."),
    "site.unknown": N_("There is no site {site}. See the list of sites for the codes."),
    "site.no_name_of_day": N_("Say why the day differs: the name stands in the calendar."),
    # assets, tags
    "asset.unknown": N_("There is no such asset."),
    "asset.durable": N_(
        "A grant keeps it here until {until}. Before that two people of different roles must allow it, with a reason."
    ),
    "asset.not_durable": N_("No grant keeps this piece here. It needs no permission."),
    "override.asked": N_("Permission was asked for this piece already. A second person confirms it."),
    "override.unknown": N_("Nobody asked that this piece may leave. Ask first, with a reason."),
    "override.confirmed": N_("It is confirmed already. The piece may leave."),
    "override.same_person": N_("The second of the two must be another person."),
    "override.same_role": N_("The second of the two must have another role than the first."),
    "asset.no_number": N_("No asset has the number {number}. Check it on the label or in the list."),
    "asset.several": N_("Several assets fit {number}. Give the whole inventory number."),
    "asset.bad_number": N_("{number} is no number of a piece. It has 60 characters at most, all of which can be read."),
    "asset.number_taken": N_("The inventory number {number} is already in the register."),
    "asset.no_transition": N_("There is no transition {name}. Choose one of: {names}."),
    "label.no_format": N_("There is no label format {format}. Choose one of: {formats}."),
    "label.no_part": N_("A label has no part {part}. Choose of: {parts}."),
    "label.bad_start": N_("The first label cannot stand on spot {start}. Choose one from 1 to {spots}."),
    "label.code_too_small": N_(
        "On labels of the format {format} a code of {length} characters is too fine for a phone to read. Take a larger"
        " format, or give Izba a shorter address."
    ),
    "label.too_many": N_("These are {count} labels; at most {limit} are printed at once. Choose fewer."),
    "label.room_without_tag": N_("The room {room} has no code for a label yet. Give it one on the page Labels."),
    "label.piece_without_tag": N_("No label leads to {piece}. Give it a code on the page Labels."),
    "label.too_many_rooms": N_("At most {limit} rooms are printed at once. Choose fewer."),
    "label.none": N_("There is nothing to print. Choose pieces, a room or how many blank labels."),
    "feed.unknown": N_("There is no such calendar, or it was withdrawn."),
    "feed.hidden_room": N_("No calendar of room {room} leaves the house: its times are not shown."),
    "feed.too_many": N_("You have {limit} calendars. Withdraw one that you do not use any more."),
    "set.unknown": N_("There is no such set."),
    "set.no_piece": N_("No piece has the inventory number {number}. Correct it, or leave it out."),
    "set.taken": N_("{piece} belongs to the set {name} already. Take it out there first."),
    "set.too_large": N_("A set holds {limit} pieces at most. Make two of them."),
    "set.bad_part": N_('{given} is no part of a set. Write how many and of what name: 2 × Monitor 24".'),
    "set.dissolved": N_("This set was dissolved. Make a new one."),
    "category.unknown": N_("There is no category {category}. Choose one from the page Categories."),
    "category.exists": N_("There is a category {name} already. Choose another name, or merge the two."),
    "category.field_exists": N_(
        "There is a field {name} already, here or in another category. Choose another name, or put the field of both "
        "into the category above them."
    ),
    "category.title_of_all": N_(
        "Lists of assets have a column {name} of every piece already. Choose another name for the field."
    ),
    "category.below_itself": N_("{category} cannot stand below itself. Choose another category."),
    "category.too_deep": N_("Categories stand {limit} levels deep at most. Choose a higher category."),
    "category.too_many_fields": N_("A category has {limit} fields at most. Put some into a category below it."),
    "category.field_used": N_("Pieces hold something in the field {name}: it stays as it is. Empty it on them first."),
    "category.choice_used": N_("Pieces hold {choices} in the field {name}. Change those pieces first."),
    "category.used": N_(
        "{name} is needed: {pieces} pieces and {below} categories belong to it. Merge it with another category instead."
    ),
    "field.unknown": N_("Pieces of this category have no field {name}. Look at the page Categories."),
    "field.needed": N_("{name} is asked of every piece of this category. Fill it in."),
    "field.bad_number": N_("{name}: {given} is no number. Write digits, with a comma before the decimals."),
    "field.bad_day": N_("{name}: {given} is no day. Write it like 31.12.2027."),
    "field.bad_choice": N_("{name}: choose one of {choices}."),
    "field.too_long": N_("{name} holds {limit} readable characters at most. Shorten it."),
    "asset.state": N_("This cannot be done with a piece that is {lifecycle} and {condition}. Look at its page."),
    "asset.bad_split": N_("Write how many pieces: from 1 to {limit}, so that some stay."),
    "asset.nothing_to_join": N_("Choose the pieces that it becomes one line with, {limit} at most together."),
    "asset.not_alike": N_("{piece} is not alike: look at its {fact}. Only pieces that are alike become one line."),
    "asset.not_working": N_(
        "A line that does not work is not split: its fault is of all its pieces. Say that it works again, split it, "
        "and report the piece that is broken."
    ),
    "asset.override_asked": N_(
        "{piece} was asked to leave before its grant's day: it stays a piece of its own. Join the others without it."
    ),
    "asset.joined": N_("This piece became a part of another line. Split it off there instead."),
    "asset.withdrawn": N_("This piece is withdrawn: it was entered by mistake. Take it back into the register first."),
    "asset.refused": N_("Nothing was done: {count} of the pieces cannot go this way. Leave them out, or see why."),
    "fault.no_picture": N_("{name} is no picture. Take a photo of what is broken."),
    "file.unknown": N_("There is no such file."),
    "file.gone": N_("The content of this file is not where it should be. Tell who runs Izba: a backup has it."),
    "file.not_stored": N_("The file could not be stored: {reason}. Nothing was changed. Tell who runs Izba."),
    "file.empty": N_("{name} is empty. Choose another file."),
    "file.too_large": N_("{name} is larger than {limit} MB. Make it smaller, or send it in parts."),
    "file.bad_type": N_(
        "{name} is neither a picture (JPEG, PNG, WebP, GIF) nor a PDF, whatever its name says. Save it as one of them."
    ),
    "file.heic": N_(
        "{name} is a HEIC or AVIF picture, which not every browser shows. Send it as JPEG: in the telephone's settings "
        "of the camera that is “most compatible”."
    ),
    "file.broken": N_("{name} cannot be read as the picture that it begins as. Take or save it anew."),
    "file.too_many_pixels": N_("{name} has more than {limit} megapixels. Make the picture smaller."),
    "file.no_thumbnail": N_("There is no small picture of this file. Open the file itself."),
    "file.no_photo": N_("{name} is no picture, so it cannot be a photo. Choose what else it is."),
    "file.kind_taken": N_("{name} is here already as what you chose. Remove one of the two."),
    "file.too_many": N_("There are {limit} files already. Remove one first."),
    "fault.unknown": N_("There is no such fault report."),
    "fault.bad_kind": N_("{given} is no kind of fault. Choose one of: {kinds}, or none."),
    "fault.nothing_said": N_("Say what is wrong, or choose what it is about."),
    "fault.too_many": N_("Many people have written within the hour. Call the office, or try again in an hour."),
    "fault.state": N_("This fault is {state} by now. Look at it again."),
    "fault.reported_again": N_("The same was reported again meanwhile: see {number}."),
    "numbering.unknown": N_("There is no such rule for numbers. Look at the page Numbers."),
    "numbering.no_scheme": N_(
        "{unit} has no rule for numbers on {day}. Make one on the page Numbers, or type the number."
    ),
    "numbering.no_kst": N_("The number has the KŚT symbol in it. Fill in the symbol, or type the number."),
    "numbering.in_use": N_("Numbers were given by this rule: it stays. Make a new one from the day when others hold."),
    "numbering.taken": N_("{unit} has a rule from that day on already. Remove it first, or choose another day."),
    "numbering.bad_unit": N_("Write the unit's short name as it stands in the numbers: 20 characters, no braces."),
    "numbering.bad_account": N_("Choose among the accounts: {accounts}."),
    "numbering.bad_template": N_("Write it in 80 characters at most, with no blanks at its ends and no two in a row."),
    "numbering.unknown_part": N_(
        "{part} is no part of a number. There are unit, account, kst, seq, yy and yyyy, each in braces."
    ),
    "numbering.no_sequence": N_("One running number belongs into it, no more: seq:5 in braces has five digits."),
    "numbering.too_long": N_("The numbers would have more than {limit} characters. Make the template shorter."),
    "numbering.bad_first": N_("Write a whole number from 1 to {limit}."),
    "asset.reason_needed": N_("Say why this is corrected: the reason stands in the history."),
    "asset.money_of_accountant": N_("Only the accountant corrects this here. Ask the accountant."),
    "asset.number_former": N_("{number} is a former number of another piece. Take another."),
    "asset.bad_price": N_("{given} is not an amount. Write it like 1290,00."),
    "tag.unknown": N_("There is no tag {code}. Check the characters on the label."),
    "tag.bad_check": N_("{code} has a mistyped character. Check it against the label."),
    "scan.unknown": N_("There is no such scan of an unknown code."),
    "tag.taken": N_("The tag {code} is already on another thing. Unlink it there first."),
    "grant.unknown": N_("There is no such grant."),
    "grant.exists": N_("There is already a grant {grant}."),
    "grant.shares": N_("The funding shares sum to {total}, the price is {price}. Correct the shares."),
    "grant.share_negative": N_("A funding share is below zero. Correct it."),
    "grant.share_twice": N_("One source stands twice among the funding shares. Add the two up."),
    "grant.shares_needed": N_("It cost nothing until now, so its percents are not known. Say what each source pays."),
    # devices, panels
    "device.unknown": N_("There is no device {device}."),
    "device.bad_family": N_("There is no device family {family}. Choose one of: {families}."),
    "device.native_address": N_(
        "{device} would never hear what {address} says: a native device's code is its name on its topic. Give it the "
        "code {address}, or leave the address out."
    ),
    "device.is_panel": N_("{device} is a door panel: it has no family, address or sensing. Leave them out."),
    "device.is_no_panel": N_("{device} is no door panel: it has no languages and no dark hours. Leave them out."),
    "device.taken": N_("There is already a device {device}."),
    "device.retired": N_("{device} is out of use. Take it back into use first."),
    "panel.unknown": N_("There is no such panel. Pair it again."),
    "panel.code_unknown": N_("No panel shows the code {code} now. Look at its screen and type the code again."),
    "panel.too_many": N_("Too many new panels from this address. Wait a minute and load the page again."),
    "panel.bad_command": N_("The panel command cannot be read: {reason}."),
    "panel.not_allowed": N_("This door does not offer that."),
    "door.other_booking": N_("Nothing was done: that booking is over or has changed. Look at the door again."),
    "door.proof_needed": N_("This was not booked at the door. To end it there, prove it by: {proofs}."),
    "door.wrong_pin": N_("The PIN of the room is wrong."),
    "door.pin_wait": N_("Too many wrong PINs at this door. Wait {minutes} minutes and try again."),
    "door.bad_pin": N_("The PIN of a room has 4 to 8 digits. Type another."),
    "door.bad_proof": N_("There is no proof {proof}. Choose from: {proofs}."),
    "door.no_pin": N_("The room takes its PIN as a proof, and has none. Type one, or leave the proof out."),
    # import
    "import.unreadable": N_("{file} cannot be read: {reason}. Check it, or save it anew as XLSX or CSV."),
    "import.no_header": N_("No row of {file} names the columns. Put the column names into the first 20 rows."),
    "import.header_unknown": N_(
        "Line {line} of {file} seems to name the columns. Understood: {known}. Not understood: {unknown}. A list needs "
        "the name of a thing or its number: rename a column, or choose on the page what it holds."
    ),
    "import.no_sheet": N_("The file has no sheet {sheet}. Name one of: {sheets}."),
    "import.changes_nothing": N_("{column} changes nothing of a piece in this list. Name one of: {columns}."),
    "import.no_field": N_("A list holds nothing that is called {field}. Look at docs/reference/import.md."),
    "import.unknown": N_("There is no such import. Upload the file again."),
    "import.no_row": N_("{file} has no row of data in line {line}. Look at the lines of the report."),
    "import.no_blank": N_("There is no blank list of {kind}. Take one of: {kinds}."),
    "import.no_word": N_("No row has a problem with {word} in the column {column}. Look at the lines of the report."),
    "import.no_column": N_("The list has no column {column}. Name one of: {columns}."),
    "import.written": N_("This list is in the register already. Correct the pieces there, or send a new list."),
    "import.being_written": N_(
        "This list is being written, or was written in part. Look again in a moment, then write it to its end."
    ),
    "import.undone": N_("This list was undone. Send it again to write it."),
    "import.not_written": N_("Nothing of this list is in the register. There is nothing to undo."),
    "import.touched": N_(
        "{count} of the records of this list were changed or used since. Undo the other {rest}, or look at these first."
    ),
    "view.unknown": N_("There is no such view, or it is somebody else's."),
    "view.name_taken": N_("There is a view called {name} already. Choose another name."),
    "view.long_name": N_("The name is longer than {limit} characters. Shorten it."),
    "view.too_long": N_("The filter is too long to be saved. Use fewer words or columns."),
    "view.too_many": N_("There are {limit} saved views already. Delete one that nobody needs."),
    "bulk.unknown": N_("There is no such bulk change, or it waited longer than a day. Choose the pieces again."),
    "bulk.empty": N_("No piece is chosen. Choose some on the list, or all of its filter."),
    "bulk.too_many": N_("These are {count} pieces, at most {limit} are changed at once. Narrow the filter."),
    "bulk.being_written": N_("This is being carried out already. Look again in a moment."),
    "import.unknown_kind": N_("{kind} cannot be imported. Choose one of: {kinds}."),
    "import.other_kind": N_("{file} looks like a list of another kind. Import it as {kind}."),
    "import.no_file": N_("There is no file {file}. Check the path."),
    # the machine
    "port.taken": N_("Port {port} on {host} is taken. Stop what uses it, or set {setting} to another port."),
    "port.forbidden": N_(
        "Port {port} is kept for the system. Set {setting} to 1024 or above, and let a proxy listen on {port}."
    ),
    "host.not_here": N_(
        "{host} is no address of this machine. Set {setting} to 127.0.0.1 for this machine alone, to 0.0.0.0 for all "
        "its addresses, or to one that it has."
    ),
    "data_dir.read_only": N_("{path} cannot be written to. Give the account write access, or set IZBA_DATA_DIR."),
    "data_dir.in_use": N_("Another Izba runs on {path}. Stop it, or set IZBA_DATA_DIR to another directory."),
    "demo.other_register": N_("The register in {path} is not the demo's. Set IZBA_DATA_DIR to another directory."),
    "database.newer": N_(
        "The database was made by a newer Izba ({migration}). Install that version or restore a backup."
    ),
    "database.overlaps": N_(
        "Bookings of one room overlap: {pairs}. Cancel one of each pair with the Izba that you had, then begin anew."
    ),
    "database.behind": N_("The database lacks the migration {migration}. Run: izba migrate"),
    "database.away": N_("The database does not answer: {reason}. Check IZBA_DATABASE_URL and that it runs."),
    "disk.full": N_("Only {megabytes} MB are free in {path}. Make room there: nothing can be stored without it."),
    "broker.away": N_("The MQTT broker does not answer at {url}: {reason}. Check IZBA_MQTT_URL and that it runs."),
    "broker.untrusted": N_(
        "The MQTT broker at {url} shows a certificate that is not trusted: {reason}. Set IZBA_MQTT_CA_FILE to the "
        "certificate of the authority that signed it, and in IZBA_MQTT_URL the name that it is for."
    ),
    "broker.same_id": N_(
        "The MQTT broker at {url} ends Izba's connection because another client has its id, {client_id}. Give each an "
        "id of its own with IZBA_MQTT_CLIENT_ID, and an account of its own where the broker binds ids to accounts."
    ),
    "broker.refuses": N_(
        "The MQTT broker at {url} refuses Izba: {reason}. Check IZBA_MQTT_USERNAME, its password and its rights there."
    ),
    "sweeper.behind": N_("Rooms have been waiting {seconds} seconds for a check. Look at the load and the log."),
    "export.unknown": N_("{given} is not known here. Choose one of: {known}."),
    "file.not_written": N_("{path} cannot be written: {reason}. Name another place, or make room there."),
    "backup.bad": N_("{file} is not a backup that can be restored: {reason}. Choose another copy."),
    "backup.damaged": N_(
        "{file} was written, and could not be restored: {reason}. The database itself is damaged: keep the older "
        "copies, and restore the newest good one."
    ),
    "backup.exists": N_("{file} is there already. Name another file."),
    "backup.night_failed": N_("The nightly backup was not made: {reason} It is tried again each hour."),
    "settings.bad": N_("{setting}: {given} cannot be used. Its meaning: {about} {advice}"),
    "settings.fixed": N_("{setting} is set on the machine. Change it there, in the environment or in izba.toml."),
    "settings.none": N_("There is no setting {setting}. See the list of settings."),
    "settings.password_again": N_(
        "The password that is stored belongs to the mail server and name before. Type it again, or remove it."
    ),
    "settings.unknown": N_("{setting} in {file}: there is no such setting. Remove it or check its spelling."),
    "settings.misspelt": N_(
        "{setting} in {file}: there is no such setting, but there is {near}. Correct or remove it."
    ),
    "settings.stranger": N_("{variable} is not a setting, but there is {near}. Correct or remove it."),
    "settings.bad_file": N_("{file}: it cannot be read: {reason}. Correct it, or let the account read it."),
    "settings.bad_secret_file": N_(
        "{setting}: {file} cannot be read: {reason}. Name a text file that the account may read."
    ),
    "settings.empty_secret_file": N_("{setting}: {file} is empty. Write the secret into it."),
    "settings.secret_twice": N_("{setting}: {other} is set too. Keep one of the two."),
    "history.broken": N_("The history was altered: {object} entry {seq} does not fit the one before it."),
}
