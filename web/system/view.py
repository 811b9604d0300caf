"""The state of the system as its page shows it: words, a tone, what to do."""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request

from registry.core.errors import Reason, Refusal
from web.auth.access import options_of
from web.kit.i18n import refusal_words
from web.kit.page_context import PageContext
from web.kit.words import N_
from web.system.checks import check_answers
from web.system.desk import Desk, JobLine, Task, TaskState
from web.system.last_backup import last_backup
from web.system.nights import NightPlan, is_missed, last_night
from web.system.words import CHECK_WORDS, JOB_WORDS, TASK_WORDS

OLD = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class HealthLine:
    """A part of the system: its tone (good, warn, bad), how it is in a word, and what that means."""

    name: str
    tone: str
    word: str
    title: str
    text: str
    since: str = ""


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as the page shows it."""

    title: str
    about: str
    fault: str
    last: str
    took: str
    next: str


async def health(request: Request, context: PageContext, desk: Desk) -> list[HealthLine]:
    """Every part, what is wrong first."""
    refusals = await check_answers(request.app, context.now)
    lines = [_check_line(name, refusal, context) for name, refusal in refusals.items()]
    lines += [_backup_line(request, context, desk.night_plan), _history_line(desk.tasks().get(Task.VERIFY), context)]
    rank = {"bad": 0, "warn": 1, "good": 2}
    return sorted(lines, key=lambda line: rank[line.tone])


def _check_line(name: str, refusal: Refusal | None, context: PageContext) -> HealthLine:
    title, text = CHECK_WORDS.get(name, (name, ""))
    if refusal is None:
        return HealthLine(name, "good", context.say(N_("works")), context.say(title), context.say(text))
    words = refusal_words(refusal, context.language)
    return HealthLine(name, "bad", context.say(N_("wrong")), context.say(title), words)


def _backup_line(request: Request, context: PageContext, plan: NightPlan | None) -> HealthLine:
    """Of the last one, and of the one that should have made itself."""
    data_dir, title = options_of(request).data_dir, context.say(N_("Backup"))
    backup = last_backup(data_dir)
    if backup and backup.is_damaged:
        text = context.say(N_("The last one showed that the database is damaged. Keep the older copies."))
        return HealthLine("backup", "bad", context.say(N_("damaged")), title, text, context.ago(backup.at))
    last = last_night(data_dir) if plan else None
    if plan and last and last.folder == plan.folder and last.refusal:
        words = context.words.refusal(last.refusal)
        return HealthLine("backup", "bad", context.say(N_("failed")), title, words, context.ago(last.fault_at))
    if plan and is_missed(last, plan.folder, context.now.astimezone(context.zone), plan.hour):
        text = context.say(
            N_("Last night's was not made: nothing tried, as when Izba does not run. It is made within the hour.")
        )
        return HealthLine("backup", "warn", context.say(N_("missed")), title, text)
    if backup is None:
        text = (
            N_("None was made yet. The first comes within the hour.")
            if plan
            else N_(
                "None was made yet. Make one now, and name a directory in the settings to have one made each night."
            )
        )
        return HealthLine("backup", "warn", context.say(N_("none")), title, context.say(text))
    age = context.ago(backup.at)
    if not backup.is_fresh(context.now, OLD):
        text = (
            N_("The last one is old. The next comes within the hour.")
            if plan
            else N_(
                "The last one is old. Make one now, and name a directory in the settings to have one made each night."
            )
        )
        return HealthLine("backup", "warn", context.say(N_("old")), title, context.say(text), age)
    text = context.say(N_("The last copy was checked as a restore checks it."))
    return HealthLine("backup", "good", context.say(N_("fresh")), title, text, age)


def _history_line(state: TaskState | None, context: PageContext) -> HealthLine:
    title = context.say(N_("History"))
    if state is None or state.ended_at is None:
        text = context.say(N_("Sealed every hour. The whole chain was not checked since the start."))
        return HealthLine("history", "good", context.say(N_("sealed")), title, text)
    age = context.ago(state.ended_at)
    if state.is_good:
        text = context.say(N_("The whole chain was checked and fits."))
        return HealthLine("history", "good", context.say(N_("whole")), title, text, age)
    return HealthLine("history", "bad", context.say(N_("altered")), title, _told(state, context), age)


def _told(state: TaskState, context: PageContext) -> str:
    return state.told.words(context.say) if isinstance(state.told, Reason) else state.told


def headline(lines: list[HealthLine], context: PageContext) -> tuple[str, str]:
    """The state in a sentence, and what it means."""
    bad = [line.title for line in lines if line.tone == "bad"]
    waiting = [line.title for line in lines if line.tone == "warn"]
    if bad:
        return context.say(N_("Something is wrong")), ", ".join(bad)
    if waiting:
        return context.say(N_("Izba works, something waits for you")), ", ".join(waiting)
    return context.say(N_("Izba works")), context.say(
        N_("Rooms, doors, sensors and the history are as they should be.")
    )


def job_rows(jobs: list[JobLine], context: PageContext) -> list[JobRow]:
    """The timetable of this process."""
    return [_job_row(job, context) for job in jobs]


def _job_row(job: JobLine, context: PageContext) -> JobRow:
    run = job.run
    milliseconds = run.took.total_seconds() * 1000 if run else 0
    took = (
        f"{context.fmt.number(round(milliseconds))} ms"
        if milliseconds < 1000
        else (f"{context.fmt.number(round(milliseconds / 1000, 1))} s")
    )
    return JobRow(
        title=context.say(JOB_WORDS.get(job.name, job.name)),
        about=context.say(job.about),
        fault=run.fault if run else "",
        last=context.ago(run.at) if run else context.say(N_("not yet")),
        took=took if run else "",
        next=context.fmt.when(job.next_at, context.now) if job.next_at else "",
    )


@dataclass(frozen=True, slots=True)
class TaskNotice:
    """What is said of a task that was begun from the page."""

    title: str
    text: str
    tone: str


def task_notices(desk: Desk, context: PageContext) -> list[TaskNotice]:
    """Of what works in the background, and of what ended last."""
    notices = []
    for task, state in desk.tasks().items():
        running, good, bad = TASK_WORDS[task]
        if state.ended_at is None:
            notices.append(TaskNotice(context.say(running), context.say(N_("Leave the page if you like.")), ""))
        else:
            word = good if state.is_good else bad
            notices.append(TaskNotice(context.say(word), _told(state, context), "good" if state.is_good else "bad"))
    return notices
