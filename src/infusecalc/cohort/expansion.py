"""A chunk of a cohort to its infusions, its rejected rows and their count: the whole way, for every carrier."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Unpack

import polars as pl

from infusecalc.bsa import BSA_FORMULAS, named_formula
from infusecalc.choices import ANCHORS, Choices
from infusecalc.cohort.beside import Beside
from infusecalc.cohort.compiler import Compiler, UsualProduct
from infusecalc.cohort.doses import Dosing
from infusecalc.cohort.faults import MISSING, Faults, RowFault
from infusecalc.cohort.header import ORDER
from infusecalc.cohort.lookup_tables import Events
from infusecalc.cohort.parse_columns import id_texts, read_texts
from infusecalc.cohort.patients import Defaults, Patients
from infusecalc.cohort.repaired import CODE, RAW
from infusecalc.cohort.result_columns import columns, own_text, quoted, schema
from infusecalc.cohort.singles import Single, Singles
from infusecalc.cohort.tally import Tally
from infusecalc.course import Course
from infusecalc.errors import BadInput
from infusecalc.options import CohortOptions, as_declared, check_names
from infusecalc.patient import Patient
from infusecalc.quantities import parse_bsa
from infusecalc.spelling import one_of
from infusecalc.table import Table

BUNDLE = "bundle"
"""The one column of a result that has a bundle of FHIR a row."""
_NAMELESS = RowFault("patient_id", MISSING, "patient_id is missing, and a FHIR bundle needs it: it is its subject")
_OF_PATIENT = {
    "drug": "drug", "indication": "indication", "weight": "weight_kg", "height": "height_cm", "bsa": "bsa_m2",
    "age": "age_years", "start": "start", "label": "label", "variant": "variant", "product": "product",
}  # set in rows # fmt: skip
"""The options that hold where a row says nothing, each with its column."""


_READ_ELSEWHERE = ("table", "keep_extra")
"""What a call of the library takes beside these options."""


def cells_of(options: dict[str, Any]) -> dict[str, str]:
    """The columns that options give a value for the whole cohort, as texts."""
    return {column: str(options[name]) for name, column in _OF_PATIENT.items() if name in options}


class Expansion:
    """Expands chunk after chunk, and keeps what it compiled on the way."""

    def __init__(
        self,
        table: Table,
        *,
        beside: Beside | None = None,
        beyond: bool = False,
        usual: UsualProduct | None = None,
        singly: bool = False,
        **options: Unpack[CohortOptions],
    ) -> None:
        """Read what holds for the whole cohort; raises BadInput.

        `beside`: what was given, and weights, by patient. `beyond`: starts after the last day are not refused.
        `usual`: the product of a row that names none.
        `singly`: every row is planned for itself, by the single patient's code.
        """
        check_names(options, CohortOptions.__annotations__, _READ_ELSEWHERE)
        told = as_declared(options, CohortOptions.__annotations__)
        cells = cells_of(told)
        asked: dict[str, Any] = {name: value for name, value in told.items() if name not in _OF_PATIENT}
        bsa_formula, bsa_cap = asked.pop("bsa_formula", None), asked.pop("bsa_cap", None)
        _check_cells(table, cells)
        choices = _choices(asked, history=beside is not None and beside.has_history)
        formula = BSA_FORMULAS[0] if bsa_formula is None else named_formula(bsa_formula)
        cap = None if bsa_cap is None else parse_bsa(str(bsa_cap), "BSA cap")
        self.given, self.choices, self.table = frozenset(cells), choices, table
        self.faults = Faults()
        self.columns = columns(choices, history=beside is not None and beside.has_history)
        self._compiler = Compiler(table, choices, beyond=beyond, usual=usual)
        if cap is not None:
            Patient(0, "", bsa_cap=cap).check(self._compiler.house, None)
        self._events = Events(self._compiler, self.faults)
        defaults = Defaults(cells, formula, cap)
        self._patients = Patients(self._compiler, defaults, self.faults)
        self._singles = Singles(self._compiler, self.faults, self.columns, beside, defaults)
        self._singly = singly
        self._dosing = Dosing(self._events, self.faults)
        self._cap = cap
        self.tally = Tally(self._events)

    def expand(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The infusions of the good rows, each with the `place` of its row, and `place` and `fault` of the bad ones.

        `frame` has the columns of a cohort, one patient a row, and may have others. Raises BadInput where a column
        holds what it cannot.
        """
        parts, bad = self.parts(frame, texts=False)
        return pl.concat([pl.DataFrame(schema=schema(self.columns) | {"place": pl.Int64}), *parts]), bad

    def parts(
        self, frame: pl.DataFrame, *, texts: bool, harmless: bool = False
    ) -> tuple[Iterator[pl.DataFrame], pl.DataFrame]:
        """As `expand`, with the infusions part by part; with `texts`, their numbers are written out.

        With `harmless`, no spreadsheet takes an id for a formula.
        """
        courses: list[tuple[int, Course]] = []
        read, mine = self.apart(frame)
        unplanned = self.one_by_one(mine, lambda place, single: courses.append((place, single.course)))
        rows = [record for place, course in courses for record in self._singles.records(place, course)]
        self.tally.add_courses(course for _, course in courses)
        parts, bad = self.by_columns(read, texts=texts, harmless=harmless)
        if not rows:
            return parts, _first([bad, unplanned])
        return _merged(parts, self._singles.frame(rows, texts=texts, harmless=harmless)), _first([bad, unplanned])

    def bundles(self, frame: pl.DataFrame) -> tuple[Iterator[pl.DataFrame], pl.DataFrame]:
        """The bundle of FHIR of each good row, patient by patient, as text; `place` and `fault` of the bad ones.

        Each is made as it is asked for: a bundle takes the room of hundreds of rows.
        """
        read = _with_order(self._patients.read(frame, self._singles.dated), frame)
        nameless = self.faults.place(_NAMELESS)
        unnamed = pl.col("fault").is_null() & pl.col("patient_id").is_null()
        fault = pl.when(unnamed).then(nameless).otherwise(pl.col("fault"))
        read = read.with_columns(fault=fault)
        singles: list[tuple[int, Single]] = []
        unplanned = self.one_by_one(read.filter(pl.col("fault").is_null()), lambda *single: singles.append(single))
        return self._bundled(singles), _first([_faulty(read), unplanned])

    def _bundled(self, singles: list[tuple[int, Single]]) -> Iterator[pl.DataFrame]:
        from infusecalc.output.fhir import bundle  # noqa: PLC0415 - only this form needs it

        for place, single in singles:
            course = single.course
            self.tally.add_courses([course])
            yield pl.DataFrame({BUNDLE: [json.dumps(bundle(course))], "place": [place]})

    def apart(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows that go by columns, and those that are planned for themselves.

        Raises BadInput where a column holds what it cannot.
        """
        read = self._patients.read(frame, self._singles.dated)
        ordered = [name for name in ORDER if name in frame.columns and frame[name].null_count() < frame.height]
        if not ordered and not self._singles.beside and not self._singly:
            return read, read.clear()
        read = _with_order(read, frame)
        mine = read["fault"].is_null() if self._singly else self._singles.mine(read)
        return read.filter(~mine), read.filter(mine)

    def one_by_one(self, rows: pl.DataFrame, take: Callable[[int, Single], object]) -> pl.DataFrame:
        """Plan rows for themselves: each is handed over with its place, and not kept; `place`, `fault` of the bad."""
        return self._singles.courses(rows, take)

    def by_columns(
        self, read: pl.DataFrame, *, texts: bool, harmless: bool = False
    ) -> tuple[Iterator[pl.DataFrame], pl.DataFrame]:
        """The infusions of rows that stand for themselves, part by part, and the bad ones among them."""
        read = self._patients.shaped(read.drop(ORDER, strict=False))
        self._events.grow()
        bad = [_faulty(read)]
        run = self._without(read, bad)
        if run.height:
            run = self._without(self._dosing.with_limits(run.drop("fault"), self._cap), bad)
        if run.height:
            run = self._without(self._dosing.stretches(run.drop("fault")), bad, whole="place")
        if not run.height:
            return iter(()), _first(bad)
        run = self._dosing.with_events(run)
        self.tally.add(run)
        run = run.with_columns(patient_id=quoted(pl.col("patient_id"))) if harmless else run
        return self._dosing.infusions(run, self.columns, texts=texts), _first(bad)

    def _without(self, rows: pl.DataFrame, bad: list[pl.DataFrame], whole: str = "") -> pl.DataFrame:
        """The rows without fault; where a patient has several, all of them or none."""
        if not rows["fault"].null_count() < rows.height:
            return rows
        found = _faulty(rows)
        bad.append(found)
        if whole:
            return rows.join(found.select(whole), on=whole, how="anti", maintain_order="left")
        return rows.filter(pl.col("fault").is_null())


def _check_cells(table: Table, cells: dict[str, str]) -> None:
    """Refuse with BadInput a value for all rows that no row could have."""
    for column, text in cells.items():
        if not text.strip():
            name = next(name for name, own in _OF_PATIENT.items() if own == column)
            raise BadInput(f"`{name}`", text, "is empty", hint="leave it out, or give a value")
    if {"height_cm", "bsa_m2"} <= cells.keys():
        raise BadInput("BSA", cells["bsa_m2"], "cannot be combined with a height", hint="give one of the two")
    table.find_label(cells.get("label"))
    if "drug" in cells:
        table.find_drug(cells["drug"])
    given = {"height": cells.get("height_cm"), "bsa": cells.get("bsa_m2"), "age": cells.get("age_years")}
    if "weight_kg" in cells:
        Patient.of(cells["weight_kg"], **given).check(table.house(), None)


def _choices(options: dict[str, Any], *, history: bool) -> Choices:
    """The choices for all rows; what the rest is counted from needs a history, be it of one patient."""
    anchor = options.pop("anchor", None) if history else None
    choices = Choices.of(**options)
    return choices if anchor is None else choices.but(anchor=one_of("`anchor`", anchor, ANCHORS))


def _with_order(read: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows with the cells of their order; a blank one says nothing."""
    there = {name: read_texts(frame[name])[read["place"]] for name in ORDER if name in frame.columns}
    return read.with_columns(**{name: there.get(name, pl.lit(None, dtype=pl.String)) for name in ORDER})


def _merged(parts: Iterator[pl.DataFrame], made: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Parts in the order of the places of their rows, and other rows in theirs, as one."""
    for part in parts:
        before = int((made["place"] < part["place"][-1]).sum())
        yield pl.concat([part, made.head(before)]).sort("place", maintain_order=True) if before else part
        made = made.tail(made.height - before)
    if made.height:
        yield made


def _faulty(rows: pl.DataFrame) -> pl.DataFrame:
    """The place and the fault of every faulty row."""
    return rows.filter(pl.col("fault").is_not_null()).select("place", pl.col("fault").cast(pl.Int32))


def _first(bad: list[pl.DataFrame]) -> pl.DataFrame:
    """Each place once."""
    return pl.concat(bad).unique("place", keep="first", maintain_order=True).sort("place")


def _again(column: pl.Series) -> pl.Series:
    """A column of rejected rows as texts that are read again as it was: ids as they are, midnights as dates."""
    texts = own_text(id_texts(column) if column.name == "patient_id" else column)
    return texts.str.replace(r"T00:00:00\.0+$", "") if column.name == "start" and column.dtype.is_temporal() else texts


def line_rows(lines: pl.DataFrame, types: dict[str, Any]) -> pl.DataFrame:
    """Rejected lines about patients among the rejected rows of a cohort, which have these columns."""
    named = lines.with_columns(pl.lit(None, dtype=pl.String).alias("raw"))
    empty = (pl.lit(None, dtype=kind).alias(name) for name, kind in types.items() if name not in named.columns)
    return named.with_columns(*empty).select(list(types))


def rejected(frame: pl.DataFrame, numbers: pl.Series, bad: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    """The rejected rows of a frame: all their own columns as texts, then row, column, code, reason, raw."""
    rows = frame[bad["place"]]
    raw = rows[RAW] if RAW in rows.columns else pl.lit(None, dtype=pl.String)
    rows = rows.drop(CODE, RAW, strict=False)
    known: list[Any] = [faults.known[place] for place in bad["fault"].to_list()]
    return rows.select(map(_again, rows.get_columns())).with_columns(
        row=numbers[bad["place"]].cast(pl.Int64),
        column=pl.Series([each.column or None for each in known], dtype=pl.String),
        code=pl.Series([each.code for each in known], dtype=pl.String),
        reason=pl.Series([faults.worded(each.reason) for each in known], dtype=pl.String),
        raw=raw,
    )
