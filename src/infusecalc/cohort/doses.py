"""Patients and the tables of events to dosed infusions: a row for each stretch, then for each infusion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from infusecalc.arithmetic import (
    ONE,
    above,
    at_most,
    billing_units,
    bmi_unusual,
    chair_time,
    comes_to_nothing,
    concentration,
    dose_of,
    drug_volume,
    may_cross,
    months_begun,
    nearer,
    outside,
    passes_bag,
    rounded,
    rounding_applied,
    rounding_refused,
    share_of_cost,
    to_step,
    too_old,
    too_quick,
    too_young,
    waste,
    waste_below_unit,
    wasted_units,
    where,
)
from infusecalc.choices import Rounding
from infusecalc.cohort.faults import NO_HEIGHT, OUTSIDE, Faults, RowFault
from infusecalc.cohort.finding_bits import bit_of, bit_of_condition
from infusecalc.cohort.lookup_tables import NO_LIMIT, Events
from infusecalc.cohort.result_columns import joined, measured
from infusecalc.quantities import BASES, people
from infusecalc.statements import House

_ROWS = 100_000  # infusions that are made at a time


class Dosing:
    """What doses are made with for the whole cohort: the tables, the rounding, the house limits."""

    def __init__(self, events: Events, faults: Faults) -> None:
        """Keep them."""
        compiler = events.compiler
        self.events, self.faults, self.house = events, faults, compiler.house
        self.choices, self.rounding = compiler.choices, compiler.choices.rounding
        within = self.rounding.within
        self.within = self.house.rounding.within if within is None else within

    def with_limits(self, patients: pl.DataFrame, cap: int | None) -> pl.DataFrame:
        """Patients with a shape, with the bits that hold for a whole course, and the faults that their shape gives."""
        shapes = self.events.shapes
        limits = shapes[patients["shape"]]
        joined = pl.concat([patients, limits], how="horizontal")
        joined = joined.with_columns(bits=_bits_of_patient(self.house, cap))
        small = RowFault("", OUTSIDE, "dose comes to less than 0.01 mg; check `dose` and the weight")
        largest = self.house.largest_dose.most
        large = RowFault("", OUTSIDE, f"dose comes to more than {people(largest)} mg; check `dose` and the weight")
        nothing: Any = pl.lit(value=False)
        too_much: Any = pl.lit(value=False)
        sizes: dict[str, Any] = {"kg": pl.col("weight"), "m2": pl.col("bsa"), "mg": ONE}
        for name, size in sizes.items():
            least: Any = pl.col(f"least_{name}")
            most: Any = pl.col(f"most_{name}")
            nothing |= (least != NO_LIMIT) & comes_to_nothing(dose_of(least, size))
            too_much |= (most != NO_LIMIT) & above(dose_of(most, size), largest)
        return joined.with_columns(
            fault=pl.when(pl.col("bsa").is_null() & (pl.col("least_m2") != NO_LIMIT))
            .then(pl.lit(self.faults.place(NO_HEIGHT), dtype=pl.Int32))
            .when(nothing)
            .then(pl.lit(self.faults.place(small), dtype=pl.Int32))
            .when(too_much)
            .then(pl.lit(self.faults.place(large), dtype=pl.Int32))
        )

    def stretches(self, patients: pl.DataFrame) -> pl.DataFrame:
        """A row for each stretch of each patient: the dose in 0.01 mg, how it is made up, its time, its bits."""
        run = unrolled(
            patients.select(
                "place", "patient_id", "weight", "bsa", "start", "bits", first="first_stretch", count="stretches"
            ),
            "stretch",
        )
        run = pl.concat([run, self.events.stretches[run["stretch"]]], how="horizontal")
        run = run.with_columns(exact=_amount("dose"))
        run = self._rounded(run)
        run = pl.concat([run, self.events.makeups.look_up(run["makeup"], run["dose"])], how="horizontal")
        run = run.with_columns(**_measured(), **_charged())
        run = self._timed(run)
        run = run.with_columns(bits=pl.col("bits") + _bits_of_dose(priced=bool(self.choices.prices)))
        return self._for_conditions(run)

    # --- one infusion ---------------------------------------------------------------------------------------------

    def _rounded(self, run: pl.DataFrame) -> pl.DataFrame:
        """The dose as it is given, and whether rounding changed it or would have changed it by too much."""
        exact: Any = pl.col("exact")
        if self.rounding == Rounding(within=self.rounding.within):
            return run.with_columns(dose=exact, nearest=exact)
        if self.rounding.step:
            nearest: Any = to_step(exact, self.rounding.step)
        else:
            around = self.events.whole_vials.look_up(run["sizes"], run["exact"])
            run = pl.concat([run, around], how="horizontal")
            low: Any = pl.col("within")
            high: Any = pl.col("cover")
            nearest = nearer(exact, low, high)
        run = run.with_columns(nearest=nearest)
        nearest = pl.col("nearest")
        return run.with_columns(dose=rounded(exact, nearest, self.within))

    def _timed(self, run: pl.DataFrame) -> pl.DataFrame:
        """The time of an infusion, and whether the phase's later time is under the label's least."""
        loads = run.select("rates", "dose", "bag", "weight")
        times = self.events.times.look_up(loads)
        chair: Any = chair_time(times["time"], run["beside"])  # type: ignore[arg-type]  # columns stand for numbers
        run = run.with_columns(time=times["time"], chair=chair, fault=times["fault"], quick=pl.lit(value=False))
        if run.filter(pl.col("least_time") > 0).height:
            later = self.events.times.look_up(loads.with_columns(rates=run["later_rates"]))
            least: Any = run["least_time"]
            time: Any = later["time"]
            run = run.with_columns(
                quick=too_quick(time.fill_null(least), least), fault=run["fault"].fill_null(later["fault"])
            )
        if self.choices.prices:
            spent: Any = map(pl.col, ("cost", "waste", "opened"))
            run = run.with_columns(waste_cost=share_of_cost(*spent))
        return run

    def _for_conditions(self, run: pl.DataFrame) -> pl.DataFrame:
        """The bits of conditions of which the label speaks above a dose: for the course, if one dose is above it."""
        for place in range(len(self.choices.conditions)):
            if f"above{place}_factor" in run.columns:
                over = _above(f"above{place}").any().over("place")
                run = run.with_columns(bits=pl.col("bits") + pl.when(over).then(bit_of_condition(place)).otherwise(0))
        return run

    # --- all infusions --------------------------------------------------------------------------------------------

    def with_events(self, run: pl.DataFrame) -> pl.DataFrame:
        """Stretches with their `variant`, and where its events are: `first_event` and how many `events`."""
        return pl.concat([run, self.events.variants(run.select("stretch", "bits"))], how="horizontal")

    def infusions(self, run: pl.DataFrame, names: tuple[str, ...], *, texts: bool) -> Iterator[pl.DataFrame]:
        """A row for each infusion with the named columns and `place`, about so many at a time as memory should hold."""
        rows = measured(run, names, texts=texts).with_columns(first=run["first_event"], count=run["events"])
        step = max(1, _ROWS * run.height // int(run["events"].sum()))
        for part in rows.iter_slices(step):
            found = unrolled(part, "event")
            yield joined(found, self.events.events[found["event"]], names, texts=texts)


def unrolled(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Every row as often as its `count` says, with a running number from its `first` on; no count may be 0."""
    numbers = pl.int_ranges("first", pl.col("first") + pl.col("count"))
    return frame.with_columns(numbers.alias(name)).drop("first", "count").explode(name)


def _amount(limit: str) -> Any:
    """A dose in 0.01 mg, as `Dose.amount` gives it: the uncapped one, or the cap where that is passed."""
    most: Any = pl.col(f"{limit}_most")
    return at_most(_uncapped(limit), most)


def _uncapped(limit: str) -> Any:
    """A dose by its factor and basis, in 0.01 mg, as `Dose.uncapped` gives it."""
    basis: Any = pl.col(f"{limit}_basis")
    factor: Any = pl.col(f"{limit}_factor")
    weight: Any = pl.col("weight")
    bsa: Any = pl.col("bsa")
    size = where(basis == BASES.index("mg/kg"), weight, where(basis == BASES.index("mg/m2"), bsa, ONE))
    return dose_of(factor, size)


def _above(limit: str) -> Any:
    """Whether a dose is above a limit, where there is one and, by surface, a surface."""
    dose: Any = pl.col("dose")
    over: Any = (pl.col(f"{limit}_factor") != NO_LIMIT) & above(dose, _amount(limit))
    return over.fill_null(value=False)


def _measured() -> dict[str, Any]:
    """The waste (0.01 mg), the drug volume (0.1 mL) and the concentration (0.01 mg/mL)."""
    columns: Any = map(pl.col, ("dose", "strength", "bag", "opened"))
    dose, strength, bag, opened = columns
    return {
        "waste": waste(opened, dose),
        "volume": drug_volume(dose, strength),
        "concentration": concentration(dose, bag),
    }


def _charged() -> dict[str, Any]:
    """Billing units given and wasted, and the modifier; null where nothing is billed."""
    columns: Any = map(pl.col, ("dose", "opened", "unit"))
    dose, opened, unit = columns
    units = billing_units(dose, unit)
    rest: Any = wasted_units(opened, units, unit)
    modifier = pl.when(rest > 0).then("wasted").otherwise("none")
    return {"units": units, "wasted_units": rest, "modifier": pl.when(unit.is_not_null()).then(modifier)}


def _bits_of_patient(house: House, cap: int | None) -> Any:
    """The findings that hold for a whole course, as bits."""
    columns: Any = map(pl.col, ("weight", "height", "months", "slack", "age_low", "age_under", "uncapped"))
    weight, height, months, slack, low, under, area = columns
    usual: Any = map(pl.col, ("usual_low", "usual_high"))
    start = pl.col("start")
    begun = months_begun(_parts(start), _parts(start + pl.duration(days=pl.col("last_day"))))
    limited, ends = low != NO_LIMIT, under != NO_LIMIT
    crosses = [limited & may_cross(months, slack, begun, low), ends & may_cross(months, slack, begun, under)]
    return _sum(
        {
            "age-unknown": limited & months.is_null(),
            "age-outside-regimen": limited & (too_young(months, low) | (ends & too_old(months, under))),
            "age-crosses-limit": limited & (crosses[0] | crosses[1]),
            "weight-unusual": outside(weight, *usual),
            "size-unusual": bmi_unusual(weight, height, house.bmi.unusual_to, house.bmi.unusual_from),
            "bsa-capped": above(area, cap) if cap is not None else pl.lit(value=False),
        }
    )


def _bits_of_dose(*, priced: bool) -> Any:
    """The findings that hold for the infusions of a stretch, as bits."""
    columns: Any = map(pl.col, ("exact", "dose", "nearest", "strength", "bag", "waste", "wasted_units"))
    exact, dose, nearest, strength, bag, left, wasted = columns
    return _sum(
        {
            "dose-above-usual": _above("usual"),
            "dose-capped": above(_uncapped("dose"), exact),
            "rounding-applied": rounding_applied(exact, dose),
            "rounding-refused": rounding_refused(exact, dose, nearest),
            "bag-too-small": passes_bag(dose, strength, bag),
            "concentration-low": pl.col("outside") == "low",
            "concentration-high": pl.col("outside") == "high",
            "concentration-margin": pl.col("marginal"),
            "waste-below-unit": waste_below_unit(left, wasted),
            "price-missing": pl.col("cost").is_null() & priced,
            "protocol-not-studied": _above("studied"),
            "time-below-label": pl.col("quick"),
        }
    )


def _parts(day: pl.Expr) -> Any:
    """Year, month and day of dates, as numbers of one kind."""
    return day.dt.year(), day.dt.month().cast(pl.Int32), day.dt.day().cast(pl.Int32)


def _sum(found: dict[str, Any]) -> Any:
    """Findings as one number."""
    return sum(
        (pl.when(holds).then(bit_of(code)).otherwise(0) for code, holds in found.items()), pl.lit(0, dtype=pl.Int64)
    )
