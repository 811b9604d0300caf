"""The check list of an office's first weeks, on the administrator's Today: each line derived from what is there."""

from dataclasses import dataclass

from fastapi import Request

from registry.core.errors import Refusal
from registry.office.queries import first_steps
from registry.office.rules import FirstStep, StepState, step_state
from web.auth.access import options_of
from web.kit.i18n import refusal_words
from web.kit.page_context import PageContext
from web.kit.words import N_, NN_
from web.system.checks import Check, refusal_of
from web.system.last_backup import last_backup


@dataclass(frozen=True, slots=True)
class StepWords:
    """A line of the check list: what to do, why, how much there is (one, many; or one word of what is not counted),
    where, and the word of its button. ``others`` are further ways.
    """

    title: str
    why: str
    counted: tuple[str, str]
    href: str
    act: str
    others: tuple[tuple[str, str], ...] = ()


STEPS: dict[FirstStep, StepWords] = {
    FirstStep.PLACES: StepWords(
        N_("Site, building and first room"), N_("Three short questions are left of the set-up."),
        NN_("%(n)s building", "%(n)s buildings"), "/setup", N_("Go on"),
    ),
    FirstStep.ROOMS: StepWords(
        N_("Rooms"), N_("One by one, or from a list: download the blank one, fill it in, send it."),
        NN_("%(n)s room", "%(n)s rooms"), "/admin/places", N_("Add"),
        (("/assets/import", N_("From a list")), ("/assets/import/blank/rooms.xlsx", N_("Blank list"))),
    ),
    FirstStep.HOURS: StepWords(
        N_("Say when the office is open"),
        N_("Without hours every room can be booked at any time, and no door ever shows “closed”."),
        NN_("%(n)s span", "%(n)s spans"), "/admin/hours", N_("Set hours"),
    ),
    FirstStep.PEOPLE: StepWords(
        N_("People"),
        N_("One by one or from a list, each with a role. A second administrator too: the last one cannot be removed."),
        NN_("%(n)s person", "%(n)s people"), "/admin/people", N_("Add"),
        (("/assets/import", N_("From a list")), ("/assets/import/blank/people.xlsx", N_("Blank list"))),
    ),
    FirstStep.MAIL: StepWords(
        N_("Mail server"), N_("Without a mail server notices stand under the bell alone, and invitations are printed."),
        (N_("named"), ""), "/admin/settings/mail", N_("Set it"),
    ),
    FirstStep.PANEL: StepWords(
        N_("The first door panel"), N_("Open /panel on a tablet and type its code."),
        NN_("%(n)s panel", "%(n)s panels"), "/devices", N_("Pair"),
    ),
    FirstStep.BROKER: StepWords(
        N_("The MQTT broker"), N_("Sensors and panels speak through it."),
        (N_("it answers"), ""), "/devices", N_("Devices"),
    ),
    FirstStep.BACKUP: StepWords(
        N_("Backup"), N_("Make the first one now. The last one counts for a week."),
        (N_("fresh"), ""), "/admin/system", N_("System"),
    ),
    FirstStep.LABELS: StepWords(
        N_("The first labels"), N_("Print a sheet and scan one with a telephone."),
        NN_("%(n)s printed", "%(n)s printed"), "/labels", N_("Labels"),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A line as it is drawn."""

    state: StepState
    words: StepWords
    figure: str
    why: str

    @property
    def look(self) -> str:
        """done, blocked or todo"""
        return "done" if self.state.is_done else "blocked" if self.state.is_blocked else "todo"


@dataclass(frozen=True, slots=True)
class CheckList:
    """What an office still has to do in its first weeks."""

    lines: list[CheckLine]

    @property
    def next(self) -> CheckLine:
        """What to do first: something blocked waits for others."""
        waiting = [line for line in self.lines if line.state.is_open]
        return next((line for line in waiting if not line.state.is_blocked), waiting[0])

    @property
    def done(self) -> int:
        return sum(line.state.is_done for line in self.lines)

    @property
    def put_off(self) -> list[CheckLine]:
        return [line for line in self.lines if line.state.is_put_off and not line.state.is_done]

    @property
    def shown(self) -> list[CheckLine]:
        """The lines below the next one: open ones, then those that are done."""
        rest = [line for line in self.lines if line is not self.next and line not in self.put_off]
        return sorted(rest, key=lambda line: line.state.is_done)


async def check_list(request: Request, context: PageContext) -> CheckList | None:
    """The check list; None for who does not manage the office, and where nothing of it is open any more."""
    if not context.may("office.manage"):
        return None
    steps = await first_steps()
    if steps is None:
        return None
    counts, put_off = steps
    refusal, backup = await _broker_refusal(request), last_backup(options_of(request).data_dir)
    counts |= {
        FirstStep.MAIL: int(options_of(request).has_mail),
        FirstStep.BROKER: int(refusal is None),
        FirstStep.BACKUP: int(backup is not None and backup.is_fresh(context.now)),
    }
    lines = []
    for step, words in STEPS.items():
        state = step_state(step, counts[step], put_off, is_blocked=step is FirstStep.BROKER and refusal is not None)
        why = refusal_words(refusal, context.words.language) if refusal and state.is_blocked else context.say(words.why)
        lines.append(CheckLine(state, words, _figure(state, words, context), why))
    return CheckList(lines) if any(line.state.is_open for line in lines) else None


def _figure(state: StepState, words: StepWords, context: PageContext) -> str:
    if state.is_blocked:
        return context.say(N_("does not answer"))
    if state.step in (FirstStep.MAIL, FirstStep.BROKER, FirstStep.BACKUP) and not state.is_done:
        return context.say(N_("none yet"))
    one, many = words.counted
    return context.words.ngettext(one, many, state.count) if many else context.say(one)


async def _broker_refusal(request: Request) -> Refusal | None:
    checks: dict[str, Check] = getattr(request.app.state, "checks", {})
    return await refusal_of(checks["broker"]) if "broker" in checks else None
