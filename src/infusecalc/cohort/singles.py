"""Rows with a history, weights over time or an order of their own to their infusions, by the single patient's code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any

import polars as pl

from infusecalc.choices import Acceptance, Choices
from infusecalc.cohort.beside import Beside
from infusecalc.cohort.compiler import Compiler, RowNames
from infusecalc.cohort.faults import CONFLICT, MISSING, NO_HEIGHT, NOT_PLANNED, UNREADABLE, Faults, RowFault, fault_of
from infusecalc.cohort.header import NAMES, ORDER
from infusecalc.cohort.result_columns import as_text, quoted, schema
from infusecalc.course import Course, case_of, course_in, judged, plan_in
from infusecalc.dates import Position
from infusecalc.errors import BadInput, WeightUnknown
from infusecalc.findings import Case
from infusecalc.frozen import Frozen, write_out
from infusecalc.history import Given
from infusecalc.infusions import Amount
from infusecalc.output.records import records
from infusecalc.patient import Patient, Weighed
from infusecalc.phase_dose import Infusion, Made, PhaseDose, check_plan
from infusecalc.plan import Event, PhaseStart, Plan, Planned, Since
from infusecalc.preparation import Preparation
from infusecalc.pump import Load
from infusecalc.quantities import Age, plain
from infusecalc.setting import Setting, setting_of

for _kind in (
    Position, Event, Since, Given, Planned, PhaseStart, Plan, Weighed, Patient, Amount, Preparation, Made, PhaseDose,
    Load, Infusion, Case,
):  # set in rows # fmt: skip
    write_out(_kind)  # several of each for every row

_MANY = ("dose", "every", "has", "accept", "done")
"""The columns of an order that take several values."""
_OF_OPTIONS = {name: name for name in ORDER} | {"from_": "from", "until": "start", "maintenance_start": "start"}
_PART = ";"
_MOST = 5_000
"""Orders that are kept; beyond that, what is known is forgotten, and read again where it is met."""
_NAMED = itemgetter(*NAMES, *ORDER)
"""The cells that rows share a setting by."""
_UNUSABLE = RowFault(
    "patient_id", CONFLICT, "a line of `given` or `weights` on this patient cannot be used, so nothing is planned"
)
_UNWEIGHED = RowFault(
    "weight_kg",
    MISSING,
    "the weight is not known on the day of an infusion: the first one is from a later day; add one in `weights`",
)
_OTHER_WEIGHT = RowFault(
    "weight_kg", CONFLICT, "`weights` has another weight for the day of the start; give one weight for each day"
)


class OrderOfRow(Frozen):
    """What the names and the order of a row come to: its choices, the acceptances of its own, and its setting."""

    choices: Choices
    setting: Setting


class Single(Frozen):
    """A row that is planned for itself, how its course is made of the plan, and how one of other choices is."""

    choices: Choices
    plan: Plan
    course_of: Callable[[Plan], Course]
    again: Callable[[Choices], Course]

    @property
    def course(self) -> Course:
        """The course, with all its findings."""
        return self.course_of(self.plan)


class Singles:
    """Plans rows one by one; rows with the same names and the same order share a setting."""

    def __init__(
        self, compiler: Compiler, faults: Faults, columns: tuple[str, ...], beside: Beside | None, of_patient: Any
    ) -> None:
        """`of_patient` has the BSA formula and the cap."""
        self._compiler, self._faults, self._columns, self.beside = compiler, faults, columns, beside
        self._formula, self._cap = of_patient.formula, of_patient.cap
        self._known: dict[tuple[Any, ...], OrderOfRow | RowFault] = {}
        self._schema = schema(columns) | {"place": pl.Int64}

    @property
    def dated(self) -> pl.Series | None:
        """The patients who need no start."""
        return self.beside.dated if self.beside else None

    def mine(self, rows: pl.DataFrame) -> pl.Series:
        """Which rows are planned one by one."""
        told: Any = pl.any_horizontal(pl.col(name).is_not_null() for name in ORDER)
        if self.beside:
            ids = pl.Series(sorted(self.beside.ids), dtype=pl.String).implode()
            told |= pl.col("patient_id").is_in(ids).fill_null(value=False)
        return rows.select(pl.col("fault").is_null() & told).to_series()

    def courses(self, rows: pl.DataFrame, take: Callable[[int, Single], object]) -> pl.DataFrame:
        """Hand over the `place` of each row and its course, one by one; `place` and `fault` of those that have none."""
        bad = []
        for row in rows.iter_rows(named=True):
            made = self._made(row)
            if isinstance(made, RowFault):
                bad.append((row["place"], self._faults.place(made)))
            else:
                take(row["place"], made)
        return pl.DataFrame(bad, schema={"place": pl.Int64, "fault": pl.Int32}, orient="row")

    def frame(self, found: list[tuple[int, dict[str, Any]]], *, texts: bool, harmless: bool) -> pl.DataFrame:
        """Records, each with the place of its row, as the columns of the result."""
        columns = {name: [record[name] for _, record in found] for name in self._columns}
        columns["place"] = [place for place, _ in found]
        made = pl.DataFrame([_column(name, values, self._schema[name]) for name, values in columns.items()])
        if texts:
            made = made.with_columns(as_text(pl.col(name)) for name, kind in self._schema.items() if kind == pl.Float64)
        return made.with_columns(patient_id=quoted(pl.col("patient_id"))) if harmless else made

    def records(self, place: int, course: Course) -> list[tuple[int, dict[str, Any]]]:
        """The infusions of a course, each with the place of its row."""
        return [(place, record) for record in records(course, self._columns)]

    # --- one row --------------------------------------------------------------------------------------------------

    def _made(self, row: dict[str, Any]) -> Single | RowFault:
        """The course of a row, or why there is none."""
        if self.beside and row["patient_id"] in self.beside.unusable:
            return _UNUSABLE
        ordered = self._ordered(row)
        if isinstance(ordered, RowFault):
            return ordered
        given = self.beside.given.get(row["patient_id"], []) if self.beside else []
        try:
            patient = self._patient(row, given)
            if isinstance(patient, RowFault):
                return patient
            history = tuple([Given(day, amount, None) for day, amount, _ in given])
            horizon = self._compiler.horizon(row["start"] or history[0].date)
            choices = ordered.choices.but(start=row["start"], history=history, horizon=horizon)
            return self._single(ordered.setting, patient, choices)
        except BadInput as error:
            return self._unplanned(error, row, given)

    def _single(self, setting: Setting, patient: Patient, choices: Choices) -> Single:
        beside = self._beside_of(choices)
        plan = plan_in(setting, patient, choices)

        def made(plan: Plan) -> Course:
            return judged(setting, case_of(setting, patient, choices, plan), beside)

        if choices.acceptances:
            made(plan)  # it is refused where one matches no blocking finding
        else:
            check_plan(plan, patient, setting.bench)
        return Single(choices, plan, made, lambda chosen: course_in(setting, patient, chosen, beside))

    def _unplanned(self, error: BadInput, row: dict[str, Any], given: list[Any]) -> RowFault:
        """Why a row has no plan; where an infusion given has no place in it, its line is rejected too."""
        fault = self._fault(error, row)
        line = next((line for day, _, line in given if error.field == "given" and day == error.value), None)
        if self.beside and line is not None:
            self.beside.reject(line, row["patient_id"], fault.but(column="date"))
            return _UNUSABLE
        return fault

    def _fault(self, error: BadInput, row: dict[str, Any]) -> RowFault:
        if isinstance(error, WeightUnknown):
            return _UNWEIGHED
        if (error.field, error.problem) == ("height", "is missing"):
            return NO_HEIGHT  # the sentence for one patient would name options that hold for every row
        return _fault_of_cell(error, NOT_PLANNED, row)

    def _patient(self, row: dict[str, Any], given: list[Any]) -> Patient | RowFault:
        """The patient of a row: the weight of the cohort is that of the start, or of the first infusion given.

        A fault where `weights` has another one for that day.
        """
        weight, height = row["weight"], row["height"]
        since = row["start"] or (given[0][0] if given else None)
        weights = [Weighed(None, weight, f"{plain(weight)} kg")]
        later = self.beside.weights.get(row["patient_id"], []) if self.beside else []
        if later:
            dated: dict[date, int] = {day: value for day, value, _ in later if value}
            if since and dated.setdefault(since, weight) != weight:
                return _OTHER_WEIGHT
            weights = [Weighed(day, value, f"{plain(value)} kg") for day, value in sorted(dated.items())]
        return Patient(
            weights[0].weight,
            weights[0].text,
            weights=tuple(weights),
            height=height,
            bsa_given=row["uncapped"] if height is None else None,
            formula=self._formula,
            bsa_cap=self._cap,
            age=None if row["months"] is None else Age(row["months"], row["slack"]),
            id=row["patient_id"],
        )

    # --- what rows share ------------------------------------------------------------------------------------------

    def _ordered(self, row: dict[str, Any]) -> OrderOfRow | RowFault:
        key = _NAMED(row)
        if key not in self._known:
            if len(self._known) >= _MOST:
                self._known.clear()
            names = RowNames(*key[: len(NAMES)])
            self._known[key] = self._read(names, {name: row[name] for name in ORDER if row[name] is not None})
        return self._known[key]

    def _read(self, names: RowNames, cells: dict[str, str]) -> OrderOfRow | RowFault:
        """The choices and the setting of rows with some names and some order."""
        for column in ("drug", "indication"):
            if getattr(names, column) is None:
                return RowFault(column, MISSING, f"{column} is missing")
        try:
            choices = self._choices(names, cells)
        except BadInput as error:
            return self._unread(error, names, cells, UNREADABLE)
        try:
            setting = setting_of(self._compiler.table, names.drug or "", names.indication or "", choices)
        except BadInput as error:
            return self._unread(error, names, cells, NOT_PLANNED)
        return OrderOfRow(choices, setting)

    def _unread(self, error: BadInput, names: RowNames, cells: dict[str, str], code: str) -> RowFault:
        """What is wrong with the order of a row, or else with its names."""
        if error.field not in _OF_OPTIONS:
            return self._compiler.of_names(error, names)
        return _fault_of_cell(error, code, cells)

    def _choices(self, names: RowNames, cells: dict[str, str]) -> Choices:
        """The choices of the cohort with those of a row in their place; conditions are added to the cohort's."""
        asked: dict[str, Any] = {
            f"{name}_" if name == "from" else name: _parts(text) if name in _MANY else text.strip(" ")
            for name, text in cells.items()
        }
        _check_reasons(asked.get("accept", []))
        usual, own = self._compiler.choices_of(names), Choices.of(**asked)
        taken = {"acceptances": own.acceptances}
        named = {"dose": "doses", "every": "intervals", "protocol": "protocol", "from": "from_maintenance"}
        taken |= {part: getattr(own, part) for name, part in named.items() if name in cells}
        if usual.maintenance_start is not None and own.from_maintenance:
            raise BadInput("`from_`", None, "cannot be combined with `maintenance_start`", hint="leave one of them out")
        conditions = tuple(dict.fromkeys((*usual.conditions, *own.conditions)))
        done = {each.name: each for each in (*usual.done, *own.done)}  # the row's own day goes before the cohort's
        return usual.but(**taken, conditions=conditions, done=tuple(done.values()))

    def _beside_of(self, choices: Choices) -> tuple[Acceptance, ...]:
        """What the whole cohort accepts, but for what the row itself does."""
        own = {str(each) for each in choices.acceptances}
        return tuple(each for each in self._compiler.choices.acceptances if str(each) not in own)


def _fault_of_cell(error: BadInput, code: str, cells: Mapping[str, Any]) -> RowFault:
    """A refusal as the fault of a row: an argument that a cell of its order has given is named as that column."""

    def named(argument: str) -> str:
        column = _OF_OPTIONS.get(argument)
        return f"`{argument}`" if column not in ORDER or cells.get(column) is None else f"column {column}"

    fault = fault_of(error, _OF_OPTIONS.get(error.field or "", ""), code)
    parted = fault.column in _MANY and "," in (cells.get(fault.column) or "")
    return fault.but(
        reason=error.reason_with(named) + (f"; several values have a {_PART} between them" if parted else "")
    )


def _check_reasons(accepted: Sequence[str]) -> None:
    """Refuse with BadInput a reason that a semicolon cut in two."""
    for part in accepted[1:]:
        if "=" not in part:
            problem, hint = "has a part without a reason", "a semicolon begins another part: write a comma in a reason"
            allowed = "CODE=REASON or CODE:DETAIL=REASON"
            raise BadInput("`accept`", part, problem, detail=f"behind a {_PART}", allowed=allowed, hint=hint)


def _parts(text: str) -> list[str]:
    """Several values of a cell; blank ones are none."""
    return [part.strip(" ") for part in text.split(_PART) if part.strip(" ")]


def _column(name: str, values: list[Any], kind: Any) -> pl.Series:
    if kind == pl.Date:
        return pl.Series(name, values, pl.String).str.to_date()
    return pl.Series(name, [None if v is None else float(v) for v in values] if kind == pl.Float64 else values, kind)
