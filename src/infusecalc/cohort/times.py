"""Rates, a dose and a bag to the time that an infusion takes, each met combination once."""

from __future__ import annotations

import polars as pl

from infusecalc.cohort.faults import CONFLICT, Faults, fault_of
from infusecalc.errors import BadInput
from infusecalc.pump import Load, Rates, run_time

NO_RATES = -1
_MEMORY = 1_000_000


class Times:
    """The rates that stretches run at, and the times that were reckoned with them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._rates: dict[Rates, int] = {}
        self._known: dict[tuple[int, ...], tuple[int | None, int | None]] = {}

    def place(self, rates: Rates | None) -> int:
        """The number of some rates, NO_RATES where there are none."""
        return NO_RATES if rates is None else self._rates.setdefault(rates, len(self._rates))

    def look_up(self, loads: pl.DataFrame, faults: Faults) -> pl.DataFrame:
        """The `time` (0.01 min) and `fault` of every load: `rates` by place, `dose` (0.01 mg), `bag` (mL), `weight`."""
        asked = pl.DataFrame(
            {
                "rates": range(len(self._rates)),
                "by_dose": [rates.titration is not None for rates in self._rates],
                "by_weight": [_by_weight(rates) for rates in self._rates],
            },
            schema={"rates": pl.Int64, "by_dose": pl.Boolean, "by_weight": pl.Boolean},
        )
        loads = loads.join(asked, on="rates", how="left", maintain_order="left").select(
            "rates",
            pl.when("by_dose").then("dose").otherwise(1).alias("dose"),
            pl.when("by_dose").then("bag").otherwise(1).alias("bag"),
            pl.when("by_weight").then("weight").otherwise(0).alias("weight"),
        )
        met = loads.unique()
        found = [self._time(row, faults) for row in met.iter_rows()]
        schema = {"time": pl.Int64, "fault": pl.Int32}
        known = pl.concat([met, pl.DataFrame(found, schema=schema, orient="row")], how="horizontal")
        return loads.join(known, on=["rates", "dose", "bag", "weight"], how="left", maintain_order="left").select(
            "time", "fault"
        )

    def _time(self, key: tuple[int, ...], faults: Faults) -> tuple[int | None, int | None]:
        rates, dose, bag, weight = key
        if rates == NO_RATES:
            return None, None
        if len(self._known) > _MEMORY:
            self._known.clear()
        if key not in self._known:
            try:
                self._known[key] = run_time(Load(dose, bag, weight), list(self._rates)[rates]), None
            except BadInput as error:
                self._known[key] = None, faults.place(fault_of(error, "", CONFLICT))
        return self._known[key]


def _by_weight(rates: Rates) -> bool:
    """Whether a rate follows the weight."""
    rise = rates.titration
    paces = (rise.start, rise.step, rise.most, rise.step_most) if rise else ()
    return any(pace is not None and pace.unit == "mg/kg/h" for pace in paces)
