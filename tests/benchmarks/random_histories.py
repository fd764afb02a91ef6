"""Whether the findings say all that is odd in a history: gaps, early infusions, differing doses, assumed first dates.

Random histories over every regimen, variant and label: dates early, late and just at each limit, doses partial, exact
or not said, with and without a start, with long breaks and past the induction. What is to be said is worked out here,
by the rules of the contract and the figures of the table, with no code of the plan or of the findings. A finding that
names an infusion without reason is reported as well. Without these rules the plan is the same.

python tests/benchmarks/random_histories.py [HISTORIES] [SEED]
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from calendar import monthrange
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, count, islice, pairwise
from pathlib import Path
from typing import Any

from infusecalc import BadInput, Course, Patient, load_table, make_course
from infusecalc.quantities import Dose, Span, plain
from infusecalc.regimen import Regimen
from infusecalc.statements import Phase
from infusecalc.statements.regimen import Band
from infusecalc.table import Table

GAPS = ("gap-unusual", "gap-above-label")
NAMING = ("gap-above", "gap-below-label", "given-early", "given-differs", "first-rate-again")
"""What is said of single infusions; `gap-above` stands for either of `GAPS`."""
STARTS = ("history-start-assumed", "history-start-differs")
"""What is said of the first date."""
_LONGEST = 8  # infusions of a history
_WHOLE = 10_000  # 100 % in 0.01 %

Said = dict[str, set[int]]


@dataclass(frozen=True)
class Place:
    """Where an infusion stands: its phase, the block of it, its days after the first of its block."""

    phase: str
    block: int
    days: int

    @property
    def head(self) -> bool:
        return self.days == 0


@dataclass(frozen=True)
class History:
    """A made-up patient with what was given: dates, each with an amount in 0.01 mg where it was said."""

    regimen: Regimen
    phases: dict[str, Phase]
    weight: int
    bsa: int
    given: tuple[tuple[date, int | None], ...]
    dues: tuple[date, ...]
    start: date | None
    anchor: str
    from_maintenance: bool

    def options(self) -> dict[str, Any]:
        """As `make_course` takes it."""
        texts = [f"{day}:{plain(mg)}" if mg is not None else str(day) for day, mg in self.given]
        asked = {"label": self.regimen.label, "variant": self.regimen.variant, "given": texts, "anchor": self.anchor}
        asked |= {"start": str(self.start)} if self.start else {}
        return asked | ({"from_": "maintenance"} if self.from_maintenance else {})

    def __str__(self) -> str:
        size = f"{plain(self.weight)} kg, {plain(self.bsa)} m2"
        return f"{self.regimen.drug_id} {self.regimen.indication}, {size}, {self.options()}"


# --- the calendar and the doses, worked out here ---------------------------------------------------------------


def after(day: date, span: Span, times: int = 1) -> date:
    """A span after a date, or several."""
    years, month = divmod(day.month - 1 + span.months * times, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1])) + timedelta(days=span.days * times)


def places(phases: dict[str, Phase]) -> Iterator[Place]:
    """Every place of a regimen, as far as it goes."""
    for name, phase in phases.items():
        places = chain.from_iterable(
            [Place(name, block, days) for days in (phase.offsets if block == 0 or phase.repeat else (0,))]
            for block in (count() if phase.interval else (0,))
        )
        yield from islice(places, phase.count)


class Walk:
    """The date of each place, counted from the infusion before it."""

    def __init__(self, phases: dict[str, Phase], start: date) -> None:
        """Begin on a day."""
        self.phases, self.phase = phases, ""
        self.base, self.span, self.since = start, Span(0, "month"), 0
        self.edges: dict[tuple[str, str], date] = {}

    def due(self, place: Place) -> date:
        """When an infusion is due, after those that were given."""
        phase = self.phases[place.phase]
        if place.phase != self.phase:
            if self.phase and phase.starts and phase.wait:
                self.base = self.edges[phase.starts.after.phase, phase.starts.after.which]
                self.span, self.since = phase.wait, 0
            self.phase = place.phase
        return self._head(place) + timedelta(days=place.days)

    def _head(self, place: Place) -> date:
        """The first day of a block; months are counted from one day, never from a clamped one."""
        every, times = self.phases[place.phase].interval or Span(0, "month"), place.block - self.since
        if self.span.months and every.months:
            return after(self.base, Span(self.span.months + every.months * times, "month"))
        return after(after(self.base, self.span), every, times)

    def take(self, place: Place, day: date) -> None:
        """What was given moves what comes after it."""
        if day != self.due(place):
            self.base, self.span, self.since = day - timedelta(days=place.days), Span(0, "month"), place.block
        if place.block == 0:
            head = self._head(place)
            self.edges[place.phase, "first"] = head
            self.edges[place.phase, "last"] = head + timedelta(days=self.phases[place.phase].offsets[-1])


def _in_band(band: Band, weight: int, bsa: int) -> bool:
    """Whether a patient is not past the end of a band of doses."""
    if band.end is None:
        return True
    size = weight if band.end.by == "weight" else bsa
    return size < band.end.number or (band.to is not None and size == band.end.number)


def expected(phase: Phase, weight: int, bsa: int) -> int:
    """The dose of an infusion in 0.01 mg."""
    dose = phase.dose
    if not isinstance(dose, Dose):
        dose = next(band.dose for band in dose if _in_band(band, weight, bsa))
    amount = dose.factor * {"mg": 100, "mg/kg": weight, "mg/m2": bsa}[dose.basis]
    amount = (2 * amount + 1000) // 2000
    return amount if dose.most is None else min(amount, dose.most)


# --- made-up histories -----------------------------------------------------------------------------------------


def histories(number: int, seed: int, table: Table) -> Iterator[History]:
    """Random histories over every regimen, variant and label, in turn."""
    dice = random.Random(seed)  # noqa: S311 - made-up patients
    regimens = every_variant(table)
    dice.shuffle(regimens)
    for place in range(number):
        yield _history(dice, regimens[place % len(regimens)], table)


def every_variant(table: Table) -> list[Regimen]:
    """Every regimen under every label, and each of its variants."""
    found = []
    for name in table.names("regimens"):
        drug, indication = name.split("/")
        for label in table.names("labels"):
            usual = table.regimen(drug, indication, label)
            found += [usual, *(table.regimen(drug, indication, label, variant) for variant in usual.rules.variants)]
    return found


def _history(dice: random.Random, regimen: Regimen, table: Table) -> History:
    maintenance = regimen.maintenance
    late = maintenance is not None and dice.random() < 0.25
    phases = {maintenance: regimen.phases[maintenance]} if maintenance and late else regimen.phases
    weight, bsa = dice.randint(1000, 14000), dice.choice((150, 151, dice.randint(40, 250)))
    day = date(dice.randint(1990, 2090), dice.randint(1, 12), 1) + timedelta(days=dice.choice((0, 27, 29, 30, 30)))
    first = day + timedelta(days=dice.choice((-400, -9, -1, 1, 3, 20, 400))) if dice.random() < 0.3 else day
    start = first if first != day or dice.random() < 0.4 else None
    walk, before = Walk(phases, first), None
    given, dues = [], []
    for place in islice(places(phases), dice.randint(1, _LONGEST)):
        due = walk.due(place)
        day = day if before is None else _day(dice, place, due, before, regimen, table)
        walk.take(place, day)
        given.append((day, _amount(dice, expected(phases[place.phase], weight, bsa), table)))
        dues.append(due)
        before = day
    anchor = dice.choice(("given", "given", "planned"))
    return History(regimen, phases, weight, bsa, tuple(given), tuple(dues), start, anchor, late)


def _day(dice: random.Random, place: Place, due: date, before: date, regimen: Regimen, table: Table) -> date:
    """When it was given: on its day, early, late, after a long break, or just at a limit."""
    early, gap, again = table.house().given_early, regimen.drug_rules.unusual_gap, _again(regimen)
    share = timedelta(days=(due - before).days * early.interval // _WHOLE)
    limits = [due - share, due - timedelta(days=early.induction.days)]
    limits += [after(before, gap.most)] if gap and gap.most else []
    limits += [after(due, gap.late)] if gap and gap.late else []
    limits += [after(before, again)] if again else []
    limits += [after(before, span) for span in (_least(regimen, place.phase), _most(regimen, place.phase)) if span]
    way = dice.random()
    if way < 0.3:
        day = due
    elif way < 0.7:
        day = dice.choice(limits) + timedelta(days=dice.randint(-1, 1))
    elif way < 0.95:
        day = due + timedelta(days=dice.randint(-30, 60))
    else:
        day = due + timedelta(days=dice.randint(60, 700))
    return max(day, before + timedelta(days=1))


def _amount(dice: random.Random, dose: int, table: Table) -> int | None:
    """What was given: not said, all of it, a part, too much, or just at the limit."""
    over = dose * table.house().given_differs.over // _WHOLE
    edge = dose + dice.choice((-1, 1)) * over + dice.randint(-1, 1)
    part = dose * dice.randint(1, 250) // 100
    return dice.choice((None, None, None, dose, dose, max(1, edge), max(1, part)))


# --- what is to be said ----------------------------------------------------------------------------------------


def wanted(history: History, course: Course, table: Table) -> tuple[Said, set[str]]:
    """By code the infusions that are to be named, and what is to be said of the first date."""
    found: Said = {code: set() for code in NAMING}
    own = list(islice(places(history.phases), len(course.infusions)))
    planned = [infusion.planned.date for infusion in course.infusions]
    steps = zip(count(2), own[1:], pairwise(planned), strict=False)
    for number, place, (before, day) in steps:
        given = number <= len(history.given)
        due = history.dues[number - 1] if given else day
        off = given or any(item.planned.late_days for item in course.infusions[number - 2 : number])
        for code in _of_dates(history.regimen, place, before, day, due, off=off, table=table):
            found[code].add(number)
    for number, place, (_, amount) in zip(count(1), own, history.given, strict=False):
        dose = expected(history.phases[place.phase], history.weight, history.bsa)
        if amount is not None and abs(amount - dose) * _WHOLE > table.house().given_differs.over * dose:
            found["given-differs"].add(number)
    first = history.given[0][0]
    assumed = history.start is None and not history.from_maintenance
    differs = history.start is not None and history.start != first
    return found, {code for code, due in zip(STARTS, (assumed, differs), strict=True) if due}


def _of_dates(
    regimen: Regimen, place: Place, before: date, day: date, due: date, *, off: bool, table: Table
) -> Iterator[str]:
    """The codes that name an infusion for its date; `off`: it, or the one before, is not where the plan had it."""
    early, gap, again = table.house().given_early, regimen.drug_rules.unusual_gap, _again(regimen)
    within = (due - before).days * early.interval if place.head else early.induction.days * _WHOLE
    if (due - day).days * _WHOLE > within:
        yield "given-early"
    most = [span for span in (_most(regimen, place.phase), gap.most if gap else None) if span]
    late = gap is not None and gap.late is not None and not place.head and day > after(due, gap.late)
    if late or any(day > after(before, span) for span in most):
        yield "gap-above"
    least = _least(regimen, place.phase)
    stated = regimen.phases[place.phase].gap
    if least and place.head and day < after(before, least) and (off or (stated and stated.least)):
        yield "gap-below-label"
    if again and day >= after(before, again):
        yield "first-rate-again"


def _again(regimen: Regimen) -> Span | None:
    rule = regimen.rules.first_rate_again or regimen.drug_rules.first_rate_again
    return rule.after if rule else None


def _most(regimen: Regimen, phase: str) -> Span | None:
    gap = regimen.phases[phase].gap
    return gap.most if gap else None


def _least(regimen: Regimen, name: str) -> Span | None:
    """The least time before a repeat: as stated, or the shortest interval that the label allows."""
    phase = regimen.phases[name]
    if phase.gap and phase.gap.least:
        return phase.gap.least
    rows = [row.every.low for row in regimen.rules.allowed if row.every and row.every.low and row.phase in (None, name)]
    day = date(2001, 1, 1)
    least = min(rows, key=lambda span: after(day, span), default=None)
    return least if least and phase.interval and after(day, least) <= after(day, phase.interval) else None


# --- held against what is said ---------------------------------------------------------------------------------


def said(course: Course) -> tuple[Said, set[str]]:
    """By code the infusions that findings name, and what they say of the first date."""
    found: Said = {code: set() for code in NAMING}
    for finding in course.findings:
        code = NAMING[0] if finding.code in GAPS else finding.code
        if code in found:
            found[code] |= set(finding.infusions or ())
    return found, {finding.code for finding in course.findings} & set(STARTS)


def differences(history: History, course: Course, table: Table) -> Iterator[str]:
    """What is left unsaid of a history, each with its code, and what is said without reason."""
    (due, starts), (told, told_starts) = wanted(history, course, table), said(course)
    for code in NAMING:
        for what, numbers in (("unsaid", due[code] - told[code]), ("without reason", told[code] - due[code])):
            if numbers:
                yield f"{code} {what}: infusions {sorted(numbers)}"
    for code in STARTS:
        if (code in starts) != (code in told_starts):
            yield f"{code} {'unsaid' if code in starts else 'without reason'}"
    dates = [infusion.planned.given.date for infusion in course.infusions if infusion.planned.given]
    if dates != [day for day, _ in history.given]:
        yield f"dates given: {dates}"


def made(history: History, table: Table) -> Course | None:
    """The course of a history; None where it is refused for going too far."""
    patient = Patient.of(f"{plain(history.weight)}kg", bsa=plain(history.bsa))
    try:
        return make_course(table, history.regimen.drug_id, history.regimen.indication, patient, **history.options())
    except BadInput as refused:
        if "is too far" in str(refused) or "is before the start" in str(refused):
            return None
        raise


def planned(course: Course) -> list[tuple[Any, ...]]:
    """Numbers, dates and doses of a plan."""
    rows: list[tuple[Any, ...]] = []
    for infusion in course.infusions:
        item, dose = infusion.planned, infusion.dose
        rows.append((item.number, item.phase, item.date, item.by_plan, item.due, item.day, item.optional, item.given))
        rows[-1] += (dose.amount, dose.preparation)
    return rows


def without_rules(table: Table, folder: Path) -> Table:
    """The table of a site that removes the rules on what was given; where they can't be, it sets them out of reach."""
    gone, own = {"removed": "a trial", "source": "house"}, ("unusual_gap", "first_rate_again")
    early, differs = {"induction": "100 years", "interval": "100000 %"}, {"over": "100000 %"}
    house = {"given_early": early | {"source": "house"}, "given_differs": differs | {"source": "house"}}
    drugs: dict[str, Any] = {}
    regimens: dict[str, Any] = {}
    for regimen in every_variant(table):
        rules = {name: gone for name in own if getattr(regimen.drug_rules, name)}
        drugs.setdefault(regimen.drug_id, {})[regimen.label] = rules
        rules = regimens.setdefault(regimen.id, {}).setdefault(regimen.label, {})
        if regimen.variant is None and regimen.rules.first_rate_again:
            rules["first_rate_again"] = gone
        if regimen.rules.allowed:
            _at(rules, regimen.place("allowed")[:-1])["allowed"] = [
                {"dose": "not stated", "when": "a trial", "source": "house"}
            ]
        part = _at(rules, regimen.place("phases"))
        part |= {name: {"gap": gone} for name, phase in regimen.phases.items() if phase.gap}
    path = folder / "site.yaml"
    path.write_text(json.dumps({"house": house, "drugs": drugs, "regimens": regimens}), encoding="utf-8")
    return load_table(path)


def _at(found: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    for key in path:
        found = found.setdefault(key, {})
    return found


def check(number: int, seed: int, table: Table, folder: Path) -> Iterator[tuple[Counter[str], list[str]]]:
    """What each history has to be told of it, and every difference."""
    bare = without_rules(table, folder)
    for history in histories(number, seed, table):
        course, without = made(history, table), made(history, bare)
        if course is None or without is None:
            yield Counter({"refused": 1}), [] if course is without else [f"{history}: one of two is refused"]
            continue
        infusions, starts = wanted(history, course, table)
        told = Counter(code for code, numbers in infusions.items() if numbers) + Counter(starts)
        found = list(differences(history, course, table))
        found += [] if planned(course) == planned(without) else ["the plan is another without the rules"]
        left = said(without)[0]
        found += [f"{code} said without its rule" for code in NAMING if left[code]]
        yield told, [f"{history}: {each}" for each in found]


def main(number: int, seed: int) -> int:
    """Check so many histories."""
    wrong, told = 0, Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for due, found in check(number, seed, load_table(), Path(folder)):
            told += due
            wrong += len(found)
            for line in found:
                print(line, flush=True)
    print(f"{number:,} histories, {wrong} differences")
    print("\n".join(f"{code}: {many:,} histories" for code, many in sorted(told.items())))
    return 1 if wrong else 0


if __name__ == "__main__":
    words = dict(enumerate(sys.argv))
    sys.exit(main(int(words.get(1, 10_000)), int(words.get(2, 1))))
