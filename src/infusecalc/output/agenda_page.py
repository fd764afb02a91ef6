"""An agenda to its page: overdue first, then day by day, with what to make up, chair time, marks and sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from infusecalc.errors import escape
from infusecalc.output import phrases
from infusecalc.output.agenda import Agenda, AgendaDay, Sums, hundredths
from infusecalc.output.blocks import TITLE, Block, Heading, Lines, Pairs, Rows
from infusecalc.output.flat import Record
from infusecalc.quantities import hours, people
from infusecalc.spelling import counted

_HEADS = ("patient", "#", "", "dose", "mL into bag", "chair time", "vials")
_REJECTED = ("row", "patient", "column", "why")
_MOST = 50  # rejected rows that a page names
_LATE = ("patient", "#", "dose", "planned", "late", "latest by label", "mark")
_NOT_HERE = (
    "Not on this page: screening, other drugs to give (premedication is here), and what conditions ask for (where none "
    "were entered they were not checked): see dose or schedule of the patient."
)
_STANDS = {
    "overdue": "overdue",
    "on_a_day": "on a day of this agenda",
    "beyond": "next one after it",
    "finished": "nothing more planned",
    "rejected": "rejected",
}


def agenda_page(agenda: Agenda) -> Iterator[Block]:
    """The blocks of the page."""
    yield Heading(f"Agenda {phrases.day(agenda.on)} to {phrases.day(agenda.until)}", TITLE)
    over = [day for day in agenda.days if day.finding]
    said = [f"CAUTION over-capacity: {day.finding.message}" for day in over if day.finding]
    yield Lines((*_known_overdue(agenda), *said))
    if agenda.overdue or agenda.days:
        yield Lines((_NOT_HERE,))
    yield from _rejected(agenda)
    if agenda.overdue:
        yield from _overdue(agenda)
    for day in agenda.days:
        yield from _day(day)
    yield from _totals(agenda)


def _known_overdue(agenda: Agenda) -> Iterator[str]:
    """How many infusions are overdue; of how many patients that is not known, and what is taken instead."""
    many, late = agenda.without_given, counted(len(agenda.overdue), "infusion")
    yield f"As of {agenda.on}: {late} {'known to be ' if many else ''}overdue."
    if many:
        rows = f"{counted(many, 'row')} with infusions before {agenda.on} {'has' if many == 1 else 'have'}"
        yield f"{rows} no line in --given: these infusions are taken as given, so none of them is overdue here."
    if agenda.ahead:
        are = "is" if agenda.ahead == 1 else "are"
        told = "taken as given all the same: what is due before that is not listed. Put no bookings there"
        yield f"CAUTION: {counted(agenda.ahead, 'line')} of --given {are} dated after {agenda.on}, and {told}."


def _rejected(agenda: Agenda) -> Iterator[Block]:
    """The rows that cannot be used, whose patients are missing on this page: which, and why, but no value of them."""
    listed = agenda.rejected[:_MOST]
    if not listed:
        return
    yield Heading(f"NOT in this agenda: {_left_out(agenda)}")
    yield Rows(_REJECTED, tuple(map(_rejected_row, listed)), narrow=True, folds=(0, 1))
    more = len(agenda.rejected) - len(listed)
    if more:
        yield Lines((f"and {more:,} more: see --rejects FILE, or what the program said",), listed=True)


def _left_out(agenda: Agenda) -> str:
    """How many rows of the cohort were rejected, and how many lines of the files beside it."""
    rows = agenda.rows["rejected"]
    lines = len(agenda.rejected) - rows
    told = ((rows, "row", "the cohort"), (lines, "line", "--given or --weights"))
    return "; ".join(f"{counted(count, word)} of {where}" for count, word, where in told if count)


def _rejected_row(item: Record) -> tuple[str, ...]:
    file = f"{escape(item['file'])} " if item["file"] else ""
    line = "" if item["line"] in (None, item["row"]) else f" (line {item['line']})"
    why = item["reason"].partition(" (")[0].partition(";")[0]
    id_ = "not known" if item["patient_id"] is None else _name(item)
    return f"{file}{item['row']}{line}", id_, item["column"] or "", escape(why)


def _overdue(agenda: Agenda) -> Iterator[Block]:
    yield Heading(f"Overdue: {len(agenda.overdue)}")
    yield Rows(_LATE, tuple(map(_late_row, agenda.overdue)), right=(1, 4), folds=(0,))
    lines = (*map(_made_up, agenda.overdue), *_making(agenda.overdue), *_premedication(agenda.overdue))
    yield Lines((*lines, *_marks(agenda.overdue), *_changed(agenda)), listed=True)
    late = {(item["drug"], item["label"]) for item in agenda.overdue}
    for key in sorted(late):
        told = agenda.told[key]
        yield Lines((f"Late or missed, {told.drug}, label {key[1]}:",))
        late_ones = ((name, phrases.with_name(text, key[0], told.drug)) for name, text, _ in told.late)
        yield Pairs(tuple(late_ones), inset=True)


def _late_row(item: Record) -> tuple[str, ...]:
    latest = item["latest_date"] or "not stated"
    late = phrases.days(item["days_late"])
    return (*_who(as_given(item)), str(item["date"]), late, latest, _mark(item))


def _made_up(item: Record) -> str:
    """What an overdue infusion is made up from, and how long it takes, if it is given on the first day."""
    now = as_given(item)
    made = f"{opened(now)}, {bag(now)}, chair time {minutes(now['chair_min'])}"
    return phrases.marked(f"{_name(item)} #{item['number']}: {made}", blocked=bool(item["blocks"]))


def _changed(agenda: Agenda) -> Iterator[str]:
    """Overdue infusions whose dose is another now than on the day that they were planned for."""
    for item in agenda.overdue:
        if item["dose_on_mg"] not in (None, item["dose_mg"]):
            yield f"{_name(item)}: {_mg(item['dose_on_mg'])} if given on {agenda.on}; {planned(item)}"


def _day(day: AgendaDay) -> Iterator[Block]:
    yield Heading(f"{phrases.day(day.date)}: {counted(day.sums.infusions, 'infusion')}")
    yield Rows(_HEADS, tuple(map(_row, day.items)), right=(1,), folds=(0,)).without_empty()
    capacity = (f"CAUTION {day.finding.code}: {day.finding.message}",) if day.finding else ()
    yield Lines(
        (*_making(day.items), *_premedication(day.items), *_marks(day.items), *capacity, *_sums(day.sums)), listed=True
    )


def _row(item: Record) -> tuple[str, ...]:
    name, number, given = _who(item)
    return name, number, _mark(item), given, bag(item, ""), minutes(item["chair_min"]), opened(item)


def _premedication(items: Iterable[Record]) -> Iterator[str]:
    """The premedication of each drug, and by when where a time is stated."""
    found = {
        (words.drug, item["premedication_min"] or 0, item["drug"], words.premedication, words.finished)
        for item in items
        for words in (item["told"],)
    }
    for drug, lead, name, text, finished in sorted(found):
        told = phrases.with_name(text, name, drug) or "no statement found in our sources"
        more = "; start earlier what has to be finished by then" if finished else ""
        begins = f" (chair time begins {minutes(lead)} before the infusion{more})" if lead else ""
        yield f"premedication, {drug}: {told}{begins}"


def _making(items: Iterable[Record]) -> Iterator[str]:
    """How each product is made up, in a few words."""
    found = {(item["product"], item["told"].made) for item in items if item["told"].made}
    yield from (f"make up {product}: {made}" for product, made in sorted(found))
    yield "each bag: first take out as much fluid as drug goes in"


def _who(item: Record) -> tuple[str, str, str]:
    return _name(item), str(item["number"]), dose(item) + (", as needed" if item["optional"] else "")


def _name(item: Record) -> str:
    return "no id" if item["patient_id"] is None else escape(item["patient_id"])


def _mark(item: Record) -> str:
    return "BLOCKED" if item["blocks"] else "CAUTION" if item["cautions"] else ""


def _marks(items: Iterable[Record]) -> Iterator[str]:
    """What blocks and what needs a second look, each with its patients, blocks first."""
    found: dict[str, list[str]] = {}
    for item in items:
        for line in told_of(item):
            found.setdefault(line, []).append(f"{_name(item)} #{item['number']}")
    for line, names in sorted(found.items(), key=lambda each: not each[0].startswith("BLOCKED")):
        yield f"{line}: {', '.join(names)}"


def told_of(item: Record) -> Iterator[str]:
    """The codes of an infusion, each on a line; an accepted block with its reason."""
    reasons = dict(part.partition("=")[::2] for part in (item["accepted"] or "").split(";") if part)
    yield from (f"BLOCKED {code}" for code in item["blocks"])
    for code in item["cautions"]:
        yield f"CAUTION {code}" + (f", accepted ({escape(reasons[code])})" if code in reasons else "")


def _totals(agenda: Agenda) -> Iterator[Block]:
    whole = Sums.of(item for day in agenda.days for item in day.items)
    if len(agenda.days) != 1:  # its own sums are those of a single day
        yield Heading(f"Total, {counted(len(agenda.days), 'day')}: {counted(whole.infusions, 'infusion')}")
        yield Lines(tuple(_sums(whole)), listed=True)
    rows = tuple((_STANDS[name], f"{count:,}") for name, count in agenda.rows.items())
    yield Lines(("Rows of the cohort:",))
    yield Pairs(rows, inset=True)
    chair = "Chair time: premedication, infusion, the shortest observation on the label, minutes between patients."
    items = (*agenda.overdue, *(item for day in agenda.days for item in day.items))
    bare = {f"{item['told'].drug}, {item['label']} label" for item in items if not item["told"].watched}
    none = f" No observation time found for {'; '.join(sorted(bare))}: none is counted." if bare else ""
    yield Lines((f"{chair}{none} Totals leave out overdue infusions, those that follow them, and as-needed ones.",))


def _sums(sums: Sums) -> Iterator[str]:
    needed = f" (and {sums.if_needed:,} as needed, in no total)" if sums.if_needed else ""
    least = f"at least, {counted(sums.untimed, 'infusion')} without a known time: " if sums.untimed else ""
    times = f"{least}infusion time {minutes(sums.time)}, chair time {minutes(sums.chair)}"
    yield f"{counted(sums.infusions, 'infusion')}{needed}; {times}"
    for product, sizes in sums.vials.items():
        opened = " + ".join(f"{count:,} x {_number(size)}" for size, count in sizes.items())
        share = sums.products[product]
        stopped = phrases.blocked_among(share.blocked, hundredths(share.blocked_dose))
        of_it = f"; {stopped}" if share.blocked else ""
        yield f"{product}: {opened} mg; total dose {_mg(share.dose)}, total waste {_mg(share.waste)}{of_it}"


def dose(item: Record) -> str:
    """The drug and the dose of an infusion: `inFLIXimab 350 mg`."""
    return f"{item['told'].drug} {_mg(item['dose_mg'])}"


def as_given(item: Record) -> Record:
    """An overdue infusion as it is if it is given on the first day: a newer weight or a long gap may change it."""
    return item | {name: value for name, value in item["now"].items() if name in item}


def planned(item: Record) -> str:
    """What was planned for an overdue infusion."""
    return f"{_mg(item['dose_mg'])} was planned for {item['date']}"


def opened(item: Record) -> str:
    """The vials of an infusion: `Remicade 4 x 100 mg`."""
    listed = " + ".join(f"{vial['count']:,} x {_number(vial['size_mg'])}" for vial in item["vials"])
    return f"{item['product']} {listed} mg"


def bag(item: Record, unit: str = " mL") -> str:
    """The drug and the bag of an infusion: `35 mL into 250 mL`; without the units where they stand in the heading."""
    return f"{_number(item['drug_volume_ml'])}{unit} into {item['bag_ml']:,}{unit}"


def minutes(value: float | None) -> str:
    """A time in minutes, as people read it."""
    return "not known" if value is None else hours(hundredths(value)) or "0 min"


def _mg(value: float) -> str:
    return f"{_number(value)} mg"


def _number(value: float) -> str:
    return people(hundredths(value))
