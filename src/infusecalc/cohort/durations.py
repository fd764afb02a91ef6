"""Rates, a dose and a bag to the time that an infusion takes, each met combination once."""

from __future__ import annotations

import polars as pl

from infusecalc.arithmetic import hundredths_of_minutes
from infusecalc.cohort.faults import CONFLICT, Faults, fault_of
from infusecalc.cohort.memo import Known
from infusecalc.errors import BadInput
from infusecalc.pump import Load, Rates, run_time

NO_RATES = -1
_KEYS = ["rates", "dose", "bag", "weight"]


class Times:
    """The rates that stretches run at, and the times that were calculated with them."""

    def __init__(self, faults: Faults) -> None:
        """Begin with none."""
        self._faults = faults
        self._rates: dict[Rates, int] = {}
        self._known = Known(_KEYS, {"time": pl.Int64, "fault": pl.Int32}, self._time)

    def place(self, rates: Rates | None) -> int:
        """The number of some rates, NO_RATES where there are none."""
        return NO_RATES if rates is None else self._rates.setdefault(rates, len(self._rates))

    def look_up(self, loads: pl.DataFrame) -> pl.DataFrame:
        """The `time` (0.01 min) and `fault` of every load: `rates` by place, `dose` (0.01 mg), `bag` (mL), `weight`.

        Rates that are one time for any load come from a list; the others hang on dose and bag, and some on the weight.
        """
        listed = [None if rates.minutes is None else hundredths_of_minutes(rates.minutes) for rates in self._rates] or [
            None
        ]
        flat = pl.Series(listed, dtype=pl.Int64)
        by_weight = pl.Series([_by_weight(rates) for rates in self._rates] or [False])
        loads = loads.with_row_index("at").with_columns(
            time=pl.when(pl.col("rates") != NO_RATES).then(flat.gather(loads["rates"].clip(lower_bound=0))),
            fault=pl.lit(None, dtype=pl.Int32),
        )
        risen = loads.filter((pl.col("rates") != NO_RATES) & pl.col("time").is_null())
        if not risen.height:
            return loads.select("time", "fault")
        weight = pl.when(by_weight.gather(risen["rates"])).then("weight").otherwise(0)
        found = self._known.look_up(risen.select("rates", "dose", "bag", weight.alias("weight")))
        return loads.select(
            loads["time"].scatter(risen["at"], found["time"]), loads["fault"].scatter(risen["at"], found["fault"])
        )

    def _time(self, rates: int, dose: int, bag: int, weight: int) -> tuple[int | None, int | None]:
        try:
            return run_time(Load(dose, bag, weight), list(self._rates)[rates]), None
        except BadInput as error:
            return None, self._faults.place(fault_of(error, "", CONFLICT))


def _by_weight(rates: Rates) -> bool:
    """Whether a rate follows the weight."""
    rise = rates.titration
    paces = (rise.start, rise.step, rise.most, rise.start_most, rise.step_most) if rise else ()
    return any(pace is not None and pace.unit == "mg/kg/h" for pace in paces)
