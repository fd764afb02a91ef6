"""Values to the words that people read: weekday and date, amounts with their unit, vials, times (ISMP notation)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date

from infusecalc.arithmetic import ceil_div, pounds
from infusecalc.course import Course
from infusecalc.findings import Finding
from infusecalc.patient import Patient
from infusecalc.phase_dose import Chair, PhaseDose
from infusecalc.plan.horizon import end_of
from infusecalc.preparation import Preparation
from infusecalc.quantities import hours, people, plain
from infusecalc.spelling import counted, listed
from infusecalc.statements import OURS, OWN_RULE, Citation, Phase

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LONG_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # set in rows # fmt: skip
_PER_HOUR = 60
_PER_DAY = 24 * _PER_HOUR
_PER_YEAR = 12


def day(value: date) -> str:
    """A date with its weekday: `Tue 2026-12-01`."""
    return f"{_WEEKDAYS[value.weekday()]} {value}"


def long_date(value: date) -> str:
    """A date as people say it: `Tuesday 1 December 2026`."""
    return f"{_LONG_WEEKDAYS[value.weekday()]} {value.day} {_MONTHS[value.month - 1]} {value.year}"


def short_date(value: date) -> str:
    """A date where there is little room: `1 Dec 2026`."""
    return f"{value.day} {_MONTHS[value.month - 1][:3]} {value.year}"


def mg(amount: int) -> str:
    """An amount of 0.01 mg: `1,000 mg`."""
    return f"{people(amount)} mg"


def volume(tenths: int) -> str:
    """A volume of 0.1 mL: `36.5 mL`."""
    return f"{people(tenths, 1)} mL"


def vials(counts: tuple[tuple[int, int], ...]) -> str:
    """Vials by size: `1 x 500 + 2 x 100 mg`."""
    return " + ".join(f"{number:,} x {people(size)}" for size, number in counts) + " mg" if counts else "none"


def time(hundredths: int | None) -> str:
    """A time of 0.01 min in whole minutes, rounded up: `4 h 15 min`."""
    return "not labelled" if hundredths is None else hours(hundredths)


def chair(parts: Chair) -> str:
    """What chair time is made of: `Chair time: premedication 30 min before, the infusion, observation 1 h, ...`."""
    lead, watched, turnover = map(_stated, (parts.lead, parts.observation, parts.turnover))
    return f"Chair time: premedication {lead} before, the infusion, observation {watched} after, turnover {turnover}"


def _stated(hundredths: int | None) -> str:
    """A part of chair time, or that our sources state none."""
    return "0 min (none stated)" if hundredths is None else hours(hundredths) or "0 min"


def bag(made_up: Preparation) -> str:
    """The bag: `35 mL of drug into 250 mL after taking out 35 mL: 1.4 mg/mL`; or that it does not fit."""
    if made_up.too_much is not None:
        return f"{people(made_up.too_much, 4)} mL of drug does not fit in a {people(made_up.bag, 0)} mL bag"
    drug = volume(made_up.drug_volume)
    into = f"{drug} of drug into {people(made_up.bag, 0)} mL after taking out {drug}"
    return f"{into}: {people(made_up.concentration)} mg/mL"


def weight(value: int) -> str:
    """A weight in both units: `70 kg (154.3 lb)`."""
    return f"{people(value)} kg ({people(pounds(value), 1)} lb)"


def age(months: int) -> str:
    """An age in completed months: `34 y`, or `8 mo` under two years."""
    years, rest = divmod(months, _PER_YEAR)
    if years < 2:  # noqa: PLR2004 - infants and toddlers are counted in months
        return f"{months} mo"
    return f"{years} y" + (f" {rest} mo" if rest else "")


def patient(someone: Patient, on: date | None) -> str:
    """What is known of a patient, in one line."""
    parts = [f"weight {weight(someone.weight)}"]
    if someone.height is not None:
        parts.append(f"height {plain(someone.height, 1)} cm")
    if someone.bsa is not None:
        how = someone.bsa_formula if someone.bsa == someone.bsa_uncapped else f"{someone.bsa_formula}, capped"
        parts.append(f"BSA {plain(someone.bsa)} m2 ({how})")
    known = someone.age_on(on)
    parts.append("age not given" if known is None else f"age {age(known.months)}")
    return ", ".join(parts)


def about(finding: Finding) -> str:
    """Which infusions a finding is about: ` [infusions 4 to 8]`; nothing where it is about the whole course."""
    return "" if finding.infusions is None else f" [{numbered(finding.infusions)}]"


def numbered(numbers: tuple[int, ...]) -> str:
    """Infusions by their numbers: `infusion 3`, `infusions 4 to 8`."""
    return f"infusion{'' if len(numbers) == 1 else 's'} {ranges(numbers)}"


def weights(someone: Patient, said: Callable[[date], str] = str) -> str:
    """Weights over time: `70 kg (154.3 lb), from 2026-06-01 78 kg (172 lb)`."""
    return ", ".join(
        f"{f'from {said(each.since)} ' if each.since else ''}{weight(each.weight)}" for each in someone.weights
    )


def rhythm(phase: Phase, *, follows: bool = False) -> str:
    """When the infusions of a phase are, in words: `weeks 0, 2 and 6`, `every 8 weeks`.

    `follows`: it stands behind the phase before, without dates: `then every 8 weeks`.
    """
    parts = []
    after = phase.starts and phase.count is not None and f"{phase.wait} after the {phase.starts.after}"
    if len(phase.offsets) > 1 or (phase.interval is None and not after):
        parts.append(_own_days(phase) if follows and phase.starts else block(phase))
    elif follows and phase.starts and phase.wait == phase.interval:
        return f"then {rhythm(phase)}"
    if phase.repeat and phase.repeat.planned == "asked":
        parts.append(f"a further course after {phase.repeat.every} only if needed (to plan it: --courses)")
    elif phase.interval:
        parts.append(f"{'then ' if parts else ''}every {phase.interval}")
    if phase.if_needed_from:
        sure = phase.if_needed_from - 1
        those = f"after the first {sure} " if phase.interval else f"the one on {_numbered_days(phase, sure)} "
        parts.append(f"{those if sure else ''}only if needed")
    if phase.infusions:
        parts.append(f"{phase.infusions} infusions in all")
    if after:
        parts.append(f"from {after}" if parts else after)
    return ", ".join(parts)


def block(phase: Phase) -> str:
    """The days or weeks of one block of a phase: `weeks 0, 2 and 6`, `day 0`."""
    return _numbered_days(phase, 0)


def _numbered_days(phase: Phase, since: int) -> str:
    """The days or weeks of one block of a phase, without the first few."""
    unit, numbers = ("week", phase.weeks[since:]) if phase.weeks else ("day", phase.offsets[since:])
    return f"{unit}{'s' if len(numbers) > 1 else ''} {listed(tuple(map(str, numbers)), 'and')}"


def _own_days(phase: Phase) -> str:
    """The days of a phase that begins behind another: `twice, 14 days apart`."""
    if len(phase.offsets) == 2:  # noqa: PLR2004 - two infusions
        return f"twice, {phase.offsets[1]} days apart"
    return f"{block(phase)} from its first infusion"


def heading(dose: PhaseDose, *, undated: bool = False) -> str:
    """A phase in one line: `induction: 5 mg/kg, weeks 0, 2 and 6`; `undated`: with when it begins."""
    band = f" ({dose.place})" if dose.place else ""
    name = begun(dose) if undated else dose.name
    return f"{name}: {dose.asked.people}{band}, {rhythm(dose.phase, follows=undated)}"


def begun(dose: PhaseDose) -> str:
    """A phase by its name, and when it begins: `maintenance, 24 weeks after the last induction infusion`.

    Not where its rhythm says so, or where it begins one interval after what was before and has no window.
    """
    phase, starts = dose.phase, dose.phase.starts
    if starts is None or phase.count is not None or (phase.wait == phase.interval and not starts.window):
        return dose.name
    earliest, latest = (starts.window.earliest, starts.window.latest) if starts.window else (None, None)
    bounds = f"{earliest} to {latest}" if earliest and latest else f"not before {earliest}" if earliest else ""
    return f"{dose.name}, {phase.wait} after the {starts.after}{f' (start-window: {bounds})' if bounds else ''}"


def marked(text: str, *, blocked: bool) -> str:
    """A dose with the mark of what blocks it: copied out, it does not look like one that may be given."""
    return f"BLOCKED, do not make up: {text}" if blocked else text


def regimen(course: Course) -> tuple[str, str]:
    """What the page is about: the drug with the indication, and the regimen's id, label and status."""
    found = course.regimen
    status = found.rules.status.is_
    if course.table.is_changed("regimens", found.id, found.label, *found.place("status")):
        status += " by the site"
    local = ", local" if course.local else ""
    title = f"{found.drug.name} - {found.name}"
    if course.changed_phases:
        title += f" ({' and '.join(course.changed_phases)} changed by the site)"
    return title, f"{found.title}, {found.label} label, {status}{local}"


def cited(citations: Iterable[Citation]) -> str:
    """Citations as people read them, on one line."""
    return cited_text("; ".join(map(str, citations)))


def cited_text(text: str) -> str:
    """Citations on one line as people read them: our own rules are called that, as `house` is a hospital's own."""
    return re.sub(rf"(^|; ){OURS}(?=$|;)", rf"\1{OWN_RULE}", re.sub(rf"(^|; ){OURS} ", rf"\1{OWN_RULE}: ", text))


def short_title(title: str) -> str:
    """A title without its number, and without what is said of the copy: `Remicade package leaflet`."""
    return re.sub(r" EU/[\d/]+", "", re.split(r" ?[:(]", title)[0])


def tall_man(course: Course, text: str) -> str:
    """A text for people, with the drug's name in tall-man letters; ids such as `infliximab/ra` stay as they are."""
    return with_name(text, course.regimen.drug_id, course.regimen.drug.name)


def with_name(text: str, drug: str, name: str) -> str:
    """A text with a drug's name as people read it, in place of its id."""
    return re.sub(rf"(?<![\w/-]){re.escape(drug)}(?![\w/-])", name, text)


def product(course: Course) -> str:
    """The product in one line: `Remicade, vials of 100 mg at 10 mg/mL, billing code J1745`."""
    sizes = " and ".join(people(size) for size in course.product.vials.sizes)
    strength = plain(course.product.vials.concentration, 3)
    code = f", billing code {course.product.billing.code}" if course.product.billing else ""
    return f"{course.product_name}, vials of {sizes} mg at {strength} mg/mL{code}"


def totals(course: Course) -> str:
    """The sums in one line."""
    sums = course.totals
    noun = "infusion" if sums.infusions == 1 else "infusions"
    drawn = f"{mg(sums.dose)} from {vials(sums.vials)} vials, {mg(sums.waste)} waste"
    optional = any(infusion.planned.optional for infusion in course.infusions)
    left_out = " (as-needed infusions left out)" if optional else ""
    given = len(course.choices.history)
    told = f" ({given} given)" if given else ""
    return f"{sums.infusions} {noun}{told}{left_out}: {drawn}, infusion time {time(sums.time)}"


def horizon(course: Course, said: Callable[[date], str] = str) -> str:
    """How far the plan goes, and whether more follows: `planned to 2027-12-01; maintenance goes on`."""
    plan, asked = course.plan, course.choices.horizon
    endless = [name for name, phase in course.ordered.phases.items() if phase.count is None and not _asked(phase)]
    if plan is None or plan.ended:
        return "course complete"
    history = course.choices.history
    end = end_of(asked, plan.start, history[-1].date if history else plan.start, course.house.horizon)
    many = (asked.courses or 0, "course") if asked.infusions is None else (asked.infusions, "infusion")
    far = f"to {said(end)}" if end else f"for {counted(*many)}"
    goes_on = f"{endless[0]} goes on" if endless else "what follows is not planned"
    if endless and course.ordered.phases[endless[0]].repeat and _evaluated(course, endless[0]):
        goes_on = "further courses by evaluation"
    return f"planned {far}; {goes_on}"


def _evaluated(course: Course, name: str) -> bool:
    """Whether the source leaves it to an evaluation whether a phase comes again."""
    return any(row.phase == name and row.finding == "evaluate" for row in course.regimen.rules.judgement)


def _asked(phase: Phase) -> bool:
    """Whether a phase comes again only if that is asked for."""
    return phase.repeat is not None and phase.repeat.planned == "asked"


def billing_line(code: str, modifier: str | None, number: int) -> str:
    """One line of a claim: `J1745 35 units`, `J1745-JW 5 units`."""
    return f"{code}{f'-{modifier}' if modifier else ''} {counted(number, 'unit')}"


def money(hundredths: int | None) -> str:
    """An amount of money without a currency: `1,234.50`; `not known` where a price is missing."""
    if hundredths is None:
        return "not known"
    whole, part = divmod(hundredths, 100)
    return f"{whole:,}.{part:02d}"


def ranges(numbers: tuple[int, ...]) -> str:
    """Ascending numbers as `1 to 3, 5`; `none` where there are none."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][-1] == number - 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(f"{span[0]} to {span[-1]}" if len(span) > 1 else str(span[0]) for span in spans) or "none"


def days(number: int) -> str:
    """A number of days: `1 day`, `12 days`."""
    return counted(abs(number), "day")


def shift(number: int, more: str, less: str) -> str:
    """A signed number of days in words: `3 days late`, `1 day early`; empty for none."""
    return "" if number == 0 else f"{days(number)} {more if number > 0 else less}"


def minutes(hundredths: int) -> str:
    """A time of 0.01 min in minutes, as data has it: `192.86 min`."""
    return f"{people(hundredths)} min"


def clock(minute_of_day: int, hundredths: int) -> str:
    """The time of day after a time of 0.01 min, rounded up to the minute: `13:45`, `00:15 +1 d`."""
    at = minute_of_day + ceil_div(hundredths, 100)
    later, rest = divmod(at, _PER_DAY)
    hours, left = divmod(rest, _PER_HOUR)
    return f"{hours:02d}:{left:02d}" + (f" {later:+d} d" if later else "")


def footer(course: Course) -> str:
    """What the numbers rest on, and what the page is not."""
    files = course.table.files
    local = "".join(f", local table {file.sha256[:12]}" for file in files if file.local)
    table = f"Regimen table {course.table.version} ({files[0].sha256[:12]}{local})"
    return f"{table}. {CHECK}"


def blocked_among(infusions: int, dose: int) -> str:
    """What of a sum blocks: `BLOCKED among these: 2 infusions, 700 mg`."""
    return f"BLOCKED among these: {counted(infusions, 'infusion')}, {mg(dose)}"


CLOSED = "(clinic closed)"
COURSE_TO_COURSE = "from the first infusion of a course to that of the next"
CHECK = "Check against the current label; this is a calculation, not a prescription."
"""What no page is."""
