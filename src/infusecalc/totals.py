"""Infusions to their sums: mg, vials, and the time on the pump and in the chair."""

from __future__ import annotations

from collections.abc import Iterable

from infusecalc.frozen import Frozen
from infusecalc.phase_dose import Chair, Infusion


class Totals(Frozen):
    """Sums over the infusions that are not optional: mg in 0.01 mg, times in 0.01 min (None where one is unknown).

    `time` is that of the infusions, `chair` the one in the chair.
    """

    infusions: int
    dose: int
    waste: int
    vials: tuple[tuple[int, int], ...]
    time: int | None
    chair: int | None


def add_up(infusions: Iterable[Infusion], chair: Chair) -> Totals:
    """The sums over some infusions."""
    listed = list(infusions)
    vials: dict[int, int] = {}
    for infusion in listed:
        for size, number in infusion.dose.preparation.vials:
            vials[size] = vials.get(size, 0) + number
    times = [infusion.time for infusion in listed]
    return Totals(
        infusions=len(listed),
        dose=sum(infusion.dose.amount.dose for infusion in listed),
        waste=sum(infusion.dose.preparation.waste for infusion in listed),
        vials=tuple(sorted(vials.items(), reverse=True)),
        time=_sum(times),
        chair=_sum([chair.time(time) for time in times]),
    )


def _sum(times: list[int | None]) -> int | None:
    """A sum of times; not known where one of them is not."""
    return None if None in times else sum(time for time in times if time is not None)
