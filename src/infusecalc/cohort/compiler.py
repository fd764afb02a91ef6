"""Names as typed, and starts, to compiled courses: the event table of each regimen and plan, made once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from datetime import date, timedelta
from itertools import groupby, islice

from infusecalc.choices import Choices, Horizon
from infusecalc.cohort.faults import MISSING, NO_HEIGHT, NOT_PLANNED, UNKNOWN, RowFault, fault_of
from infusecalc.cohort.finding_bits import Slot, slots_of
from infusecalc.dates import Position, add, add_months
from infusecalc.errors import BadInput
from infusecalc.findings import Case, HasCondition, check_acceptances, check_codes
from infusecalc.frozen import Frozen
from infusecalc.overrides import Ordered, order_phases
from infusecalc.patient import Patient
from infusecalc.phase_dose import Running, check_bag, run_as_first
from infusecalc.plan import Plan, make_plan
from infusecalc.plan.events import Event, Trail, events
from infusecalc.plan.horizon import end_of
from infusecalc.preparation import prices_of
from infusecalc.pump import Rates
from infusecalc.quantities import MEAN_MONTH, Span
from infusecalc.regimen import Regimen
from infusecalc.setting import conditions_of, look_up, named_as, running_of
from infusecalc.site import Site, site_of
from infusecalc.statements import DrugRules, ProductRules, done_once
from infusecalc.table import Table

_SPARE = 62  # days: more than a span of months differs between two starts
_YEAR = 366  # days
_ANY_DAY = date(2000, 1, 1)
_NOBODY = Patient(0, "")
_NO_MAINTENANCE = (
    "this regimen has no maintenance phase; leave `from_` out, and put maintenance into the column from of the other "
    "rows"
)

Steps = tuple[tuple[int, int, int], ...]
"""Places of infusions from a start: days, then months, then days."""
UsualProduct = Callable[[str, str | None, str], str | None]
"""A drug, the product where a brand was typed, and a label to the product that is meant; None for the table's own."""


class RowNames(Frozen):
    """A regimen as the columns of a row name it; None where a row says nothing."""

    drug: str | None
    indication: str | None
    label: str | None
    variant: str | None
    product: str | None


class Group(Frozen):
    """All rows with the same regimen, label, variant and product.

    `moves` says what of a start decides where the infusions fall: its distance to the horizon (`days`), its place in
    the months (`months`), or nothing less than the date itself (`dated`). `steps` are the places of infusions as lead
    days, months and days from the start, beyond the horizon.
    """

    named: RowNames
    choices: Choices
    regimen: Regimen
    ordered: Ordered
    product_name: str
    product: ProductRules
    running: Running
    conditions: tuple[HasCondition, ...]
    site: Site
    prices: tuple[tuple[int, int], ...]
    moves: str
    steps: Steps


class Stretch(Frozen):
    """Infusions of one phase, one after the other, that run at the same rates."""

    phase: str
    rates: Rates | None
    numbers: tuple[int, ...]


class Shape(Frozen):
    """One plan of a group, for every start that gives it: its stretches, and every finding that it may have.

    `plan` is that of the first such start: only its days from the start hold for the others.
    """

    group: Group
    plan: Plan
    stretches: tuple[Stretch, ...]
    case: Case
    slots: tuple[Slot, ...]


class Compiler:
    """A table and the choices for a whole cohort; makes each group and each shape once."""

    def __init__(
        self, table: Table, choices: Choices, *, beyond: bool = False, usual: UsualProduct | None = None
    ) -> None:
        """Check what holds for every row; raises BadInput.

        `beyond`: a course that starts after the last day is planned up to its start, and not refused.
        `usual`: the product of a row that names none, where it is not the table's.
        """
        self._beyond, self._usual = beyond, usual
        self.table, self.choices, self.house = table, choices, table.house()
        check_bag(choices.bag, self.house.bags)
        check_acceptances(choices.acceptances)
        check_codes(choices.acceptances)
        for condition in choices.conditions:
            table.find_condition(condition)
        if choices.done:
            self._check_done()
        prices_of(table, choices.prices, "")
        if choices.horizon.until is None:
            end_of(choices.horizon, _ANY_DAY, _ANY_DAY, self.house.horizon)
        limits = self.house.horizon
        # days; so much nearer than the longest plan that is taken, that where that ends never decides
        self.far = limits.to.size // MEAN_MONTH[1] - _YEAR
        self._most = limits.infusions + 1
        self.shapes: list[Shape] = []
        self._places: dict[tuple[object, ...], int | RowFault] = {}
        self._steps: dict[Steps, dict[date, tuple[int, ...]]] = {}
        self._same: dict[tuple[object, ...], int] = {}
        self._banded: dict[tuple[int, int | None], Group] = {}

    # --- groups ---------------------------------------------------------------------------------------------

    def group(self, named: RowNames) -> Group | RowFault:
        """The group of a row, or what is wrong with its names."""
        try:
            return self._group(named)
        except BadInput as error:
            return self.of_names(error, named)

    def _group(self, named: RowNames) -> Group | RowFault:
        for column in ("drug", "indication"):
            if getattr(named, column) is None:
                return RowFault(column, MISSING, f"{column} is missing")
        choices = self.choices_of(named)
        regimen, product_id = look_up(self.table, named.drug or "", named.indication or "", choices)
        product, rules = self.table.product(product_id, regimen.label)
        running = running_of(self.table, regimen, choices.protocol)
        conditions = conditions_of(self.table, regimen, choices.conditions)
        ordered = order_phases(regimen, choices)
        moves, steps = self._moves(ordered, choices, running)
        site = site_of(self.table, regimen, product_id, named_as(conditions), running)
        prices = prices_of(self.table, choices.prices, product_id)
        made = (named, choices, regimen, ordered, product.name, rules, running, conditions, site, prices)
        return Group(*made, moves, steps)

    def of_names(self, error: BadInput, named: RowNames) -> RowFault:
        """The fault of a row whose names, or whose regimen and the options, do not go together."""
        column = error.field
        if column == "from_":
            return RowFault("", NOT_PLANNED, _NO_MAINTENANCE)
        if column == "product" and named.product is None:
            column = "drug"  # a product that was named as the drug
        if column in RowNames.part_names():
            return fault_of(error, str(column), UNKNOWN)
        return fault_of(error, "", NOT_PLANNED)

    def choices_of(self, named: RowNames) -> Choices:
        """The choices for the cohort with those of a row in their place."""
        label = self.choices.label if named.label is None else self.table.find_label(named.label)
        variant = self.choices.variant if named.variant is None else named.variant
        product = self.choices.product if named.product is None else named.product
        if self._usual and product is None:
            product = self._usual(*self.table.find_drug(named.drug or ""), self.table.find_label(label))
        done = self.choices.done
        if done:
            known = self._screenings(self.table.find_drug(named.drug or "")[0], self.table.find_label(label))
            done = tuple(each for each in done if each.name in known)  # the others are for rows with another drug
        return self.choices.but(label=label, variant=variant, product=product, start=None, done=done)

    def _screenings(self, drug: str, label: str) -> Collection[str]:
        """The screenings of a drug under a label."""
        rules: DrugRules | None = self.table.get("drugs", drug, label)
        return done_once(rules.screening) if rules else ()

    def _check_done(self) -> None:
        """Refuse with BadInput a screening that is of no drug."""
        of_drugs = [(drug, label) for drug in self.table.names("drugs") for label in self.table.labels]
        known = dict.fromkeys(name for drug, label in of_drugs for name in self._screenings(drug, label))
        for done in self.choices.done:
            if done.name not in known:
                raise BadInput("`done`", done.name, "is not a screening of any drug", allowed=", ".join(known))

    def _moves(self, ordered: Ordered, choices: Choices, running: Running) -> tuple[str, Steps]:
        """What of a start decides the plan, and the places of its infusions."""
        start = _ANY_DAY
        if choices.clinic or choices.maintenance_start is not None or any(map(_in_months, _rules(ordered, running))):
            return "dated", ()
        try:
            walk = islice(events(ordered, choices, start, Trail()), self._most)
            places = list(self._near(walk, start))
        except BadInput:
            return "dated", ()  # what is wrong is told of the plan
        far = choices.horizon.until is None and (places[-1].date - start).days > self.far
        if far or any(place.base != start for place in places):
            return "dated", ()
        steps = tuple((place.lead, place.months, place.days) for place in places)
        return "months" if any(months for _, months, _ in steps) else "days", steps

    def _near(self, walk: Iterator[Event], start: date) -> Iterator[Position]:
        """Places up to the first beyond any horizon that a row may have, or as many as are asked for."""
        horizon = self.choices.horizon
        end = start + timedelta(days=self.far)
        if horizon.infusions is not None or horizon.courses is not None:
            end = date.max
        elif horizon.until is None:
            end = add(start, horizon.span or self.house.horizon.default) + timedelta(days=_SPARE)
        for number, event in enumerate(walk, 1):
            yield event.position
            if number == horizon.infusions or event.position.date > end:
                return

    # --- plans -----------------------------------------------------------------------------------------------

    def key(self, group: Group, start: date) -> tuple[object, ...]:
        """What decides the plan of a group for a start: the days of its infusions, and whether it ends before."""
        ahead = self.ahead(start)
        if group.moves == "dated" or (ahead is not None and not 0 <= ahead <= self.far):
            return (start,)
        days = self._days_of(group.steps, start)
        if ahead is None:
            return (*days, True)
        within = bisect_right(days, ahead)
        return (*days[:within], within == len(days) and ahead > days[-1])

    def _days_of(self, steps: Steps, start: date) -> tuple[int, ...]:
        """The days from a start to each of the steps."""
        places = self._steps.setdefault(steps, {})
        if start not in places:
            places[start] = tuple(
                lead + more if not months else (add_months(start + timedelta(days=lead), months) - start).days + more
                for lead, months, more in steps
            )
        return places[start]

    def ahead(self, start: date) -> int | None:
        """The days from a start to the last day of the horizon; None where it counts infusions or courses."""
        horizon = self.choices.horizon
        if horizon.infusions is not None or horizon.courses is not None:
            return None
        until = self.horizon(start).until
        return ((until or add(start, horizon.span or self.house.horizon.default)) - start).days

    def horizon(self, start: date) -> Horizon:
        """The horizon of a course that starts on a day."""
        horizon = self.choices.horizon
        late = self._beyond and horizon.until is not None and horizon.until < start
        return horizon.but(until=start) if late else horizon

    def in_bands(self, group: Group, band: int | None, weight: int, bsa: int | None) -> Group | RowFault:
        """The group with the doses of one band for each phase, or what a patient lacks for it."""
        if not group.ordered.places:
            return group
        key = id(group), band
        if key not in self._banded:
            try:
                ordered, shipped = group.ordered.in_bands(weight, bsa), group.site.shipped
                site = group.site.but(shipped=shipped.in_bands(weight, bsa) if shipped else None)
            except BadInput:
                return NO_HEIGHT
            self._banded[key] = group.but(regimen=ordered.regimen, ordered=ordered, site=site)
        return self._banded[key]

    def shape(self, group: Group, start: date) -> int | RowFault:
        """The place of the shape that a group has for a start, or why there is no plan."""
        key = id(group), *self.key(group, start)
        if key not in self._places:
            try:
                self._places[key] = self._place(self._shape(group, start))
            except BadInput as error:
                column = "start" if error.field in ("until", "maintenance_start") else ""
                self._places[key] = fault_of(error, column, NOT_PLANNED)
        return self._places[key]

    def _shape(self, group: Group, start: date) -> Shape:
        plan = make_plan(group.ordered, group.choices.but(start=start, horizon=self.horizon(start)), self.house)
        firsts = run_as_first(plan, group.running.again)
        run = [
            (item.phase, group.running.rates(item.number, first=first), item.number)
            for item, first in zip(plan.infusions, firsts, strict=True)
        ]
        stretches = (
            Stretch(phase, rates, tuple(number for _, _, number in listed))
            for (phase, rates), listed in groupby(run, key=lambda each: each[:2])
        )
        case = self._case(group, plan)
        return Shape(group, plan, tuple(stretches), case, slots_of(case))

    def _place(self, shape: Shape) -> int:
        """The place of a shape among all; one that is known already is not kept twice."""
        days = tuple((item.day, item.optional, item.moved_days) for item in shape.plan.infusions)
        said = tuple((slot.finding.key, slot.finding.severity, slot.finding.infusions) for slot in shape.slots)
        doses = tuple(shape.group.ordered.phases[stretch.phase].doses for stretch in shape.stretches)
        same = shape.group.named, doses, shape.stretches, days, said
        if same not in self._same:
            self._same[same] = len(self.shapes)
            self.shapes.append(shape)
        return self._same[same]

    def _case(self, group: Group, plan: Plan) -> Case:
        """What is known of every course of a plan, whoever the patient is."""
        return Case(
            regimen=group.regimen,
            ordered=group.ordered,
            product_name=group.product_name,
            product=group.product,
            house=self.house,
            patient=_NOBODY,
            choices=group.choices,
            conditions=group.conditions,
            doses=(),
            infusions=(),
            running=group.running,
            plan=plan,
            site=group.site,
            prices=group.prices,
        )


def _rules(ordered: Ordered, running: Running) -> Iterator[Span | None]:
    """The spans that dates of a plan are held against."""
    for name, phase in ordered.phases.items():
        gap = ordered.regimen.phases[name].gap
        yield from (gap.least, gap.most) if gap else ()
        yield ordered.least_gap(name)
        if phase.starts and phase.starts.window:
            yield from (phase.starts.window.earliest, phase.starts.window.latest)
    yield running.again.after if running.again else None
    unusual = ordered.regimen.drug_rules.unusual_gap
    yield from (unusual.most, unusual.late) if unusual else ()


def _in_months(span: Span | None) -> bool:
    return span is not None and bool(span.months)
