"""Options to a course, and the course to the format that was asked for: what `dose` and `schedule` share."""

from __future__ import annotations

from typing import Any

from infusecalc.cli.answer import PLAIN, format_of, reply
from infusecalc.cli.options import regimen_typed
from infusecalc.cli.reply import Reply, site_table
from infusecalc.course import Course, make_course
from infusecalc.errors import BadInput
from infusecalc.output.course_answer import SHEETS, VIEWS, CourseAnswer
from infusecalc.output.formats import FORMATS
from infusecalc.output.request import Request
from infusecalc.patient import Patient
from infusecalc.spelling import one_of

_OF_PATIENT = ("weight", "height", "bsa", "bsa_formula", "bsa_cap", "age", "born")
_NO_CHOICE = {
    "drug", "indication", "patient_id", "regimens", "format_", "output", "quiet", "no_color", "totals", "request",
    "settings",
    *_OF_PATIENT, *(name for form in FORMATS.values() for name in form.options),
}  # set in rows # fmt: skip

_TIMED = {"at": ("html", "pdf")}
"""The formats beside the calendar that show the time of day of the infusions."""


def course_reply(given: dict[str, Any], kinds: tuple[str, ...] = PLAIN) -> Reply:
    """Read the options, make the course, and carry it in the format asked for."""
    looks: dict[str, Any] = {"sheet": _word(given, "sheet", SHEETS), "view": _word(given, "view", VIEWS)}
    form, taken = format_of(given | looks, kinds, _TIMED), given["settings"]
    looks |= {"clinic": taken.clinic, "first_weekday": taken.first_weekday}
    looks["at"] = given.get("at") if form.name in _TIMED["at"] else None
    history = given.get("history")  # which is read into what was given
    answer = CourseAnswer(course_of(given), totals=given.get("totals", False), **looks)
    made = reply(given | {"history": history}, form, answer)
    left = [name for name, said in taken.clinic.as_dict().items() if not said]
    if looks["sheet"] == "patient" and left:
        once = f"or set them once, as settings ({', '.join(f'clinic.{name}' for name in left)})"
        return made.but(note=f"before you hand it out, write the clinic's {', '.join(left)} on it, {once}")
    return made


def check_day(given: dict[str, Any]) -> None:
    """Refuse a day (--on) on which nothing hangs."""
    if given["on"] is None:
        return
    if given.get("start") is not None:
        hint = "leave it out: the start is the reference date"
        raise BadInput("`on`", given["on"], "cannot be combined with `start`", hint=hint)
    if given["born"] is None and not any("=" in text for text in given["weight"]):
        hint = "leave it out: it is only the reference date for an age or a weight"
        raise BadInput("`on`", given["on"], "needs `born` or weights with dates", hint=hint)


def _word(given: dict[str, Any], name: str, words: tuple[str, ...]) -> str:
    """The word of an option that takes one of a few; the first unless one was given."""
    typed = given.get(name)
    return words[0] if typed is None else one_of(f"`{name}`", typed, words)


def course_of(given: dict[str, Any], **also: Any) -> Course:
    """The course that the options ask for."""
    patient, asked = options_of(given)
    table = site_table(given)
    return make_course(table, *regimen_typed(table, given), patient, **(asked | also))


def _told(file: str) -> list[str]:
    """The infusions of a history's file as `--given` has them."""
    from infusecalc.history import read_history  # noqa: PLC0415 - a look-up has no history

    return [str(given) for given in read_history(file)]


def options_of(given: dict[str, Any]) -> tuple[Patient, dict[str, Any]]:
    """The patient, and the choices under the names of the library; a history's file is read into what was given."""
    if given.get("history") is not None and not given["given"]:
        given |= {"given": _told(given["history"]), "history": None}
        request: Request = given["request"]
        given["request"] = request.but(options={**request.options, "given": given["given"]})
    patient = Patient.of(id=given["patient_id"], **{name: given[name] for name in _OF_PATIENT})
    return patient, {name: value for name, value in given.items() if name not in _NO_CHOICE and value is not None}
