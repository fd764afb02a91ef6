"""The findings of a shape and the numbers of a patient, as bits, to the codes that each infusion carries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from infusecalc.findings import (
    RULES,
    Case,
    Finding,
    block_keys,
    by_condition,
    carries,
    in_data,
    of_condition,
    of_numbers,
    settle,
)
from infusecalc.frozen import Frozen


def bit_of(code: str) -> int:
    """The bit of a finding that hangs on a patient's numbers."""
    return 1 << of_numbers().index(code)


def bit_of_condition(place: int) -> int:
    """The bit of a condition by its place among those named with --has: a dose is above the one that its rule names."""
    return 1 << (len(of_numbers()) + place)


class Slot(Frozen):
    """A finding in its place among the rules: there when `bit` is set (0: always), or, with `unset`, when it is not."""

    bit: int
    unset: bool
    finding: Finding

    def holds(self, bits: int) -> bool:
        """Whether the finding is there for a patient with these bits."""
        return not self.bit or bool(self.bit & bits) != self.unset


class Codes(Frozen):
    """What one infusion carries: findings as the columns that data has of them, the keys, and those that block.

    `accepted` are the accepted blocks: code, detail and reason of each.
    """

    columns: tuple[str | None, ...]
    keys: tuple[str, ...]
    blocks: tuple[str, ...]
    accepted: tuple[tuple[str, str | None, str | None], ...]


def slots_of(case: Case) -> tuple[Slot, ...]:
    """Every finding that a course of this shape may have, in the order of the rules."""
    return tuple(_slots(case))


def _slots(case: Case) -> Iterator[Slot]:
    for name, rule in RULES.items():
        codes = of_numbers(name)
        if rule is by_condition:
            yield from _of_conditions(case)
        elif codes:
            yield from _of_numbers(case, name, codes)
        else:
            for finding in rule(case):
                yield Slot(0, False, finding)  # noqa: FBT003 - the parts of a Slot, in their order


def _of_conditions(case: Case) -> Iterator[Slot]:
    """What the label says of each condition, for doses above the one from which it speaks and for others."""
    for place, condition in enumerate(case.conditions):
        bit = bit_of_condition(place) if condition.above else 0
        yield Slot(bit, False, of_condition(case.regimen, condition, over=True))  # noqa: FBT003 - the parts of a Slot, in their order
        if bit:
            yield Slot(bit, True, of_condition(case.regimen, condition, over=False))  # noqa: FBT003 - the parts of a Slot, in their order


def _of_numbers(case: Case, rule: str, codes: Iterable[str]) -> Iterator[Slot]:
    """The findings of a rule that hang on a patient's numbers; those of a protocol are about what it runs."""
    late = _from_protocol(case) if rule == "protocol" else None
    if late != ():
        for code in codes:
            yield Slot(bit_of(code), False, Finding(code, "", (), infusions=late))  # noqa: FBT003 - the parts of a Slot, in their order


def _from_protocol(case: Case) -> tuple[int, ...]:
    """The numbers of the infusions that a protocol runs."""
    protocol, plan = case.running.protocol, case.plan
    if protocol is None or plan is None:
        return ()
    return tuple(item.number for item in plan.infusions if item.number >= protocol.from_infusion)


def places_about(slots: tuple[Slot, ...], number: int, shown: Collection[int]) -> tuple[int, ...]:
    """The places of the findings that an infusion may carry, by its number and those of all infusions of the course."""
    return tuple(place for place, slot in enumerate(slots) if carries((number,), slot.finding.infusions, shown))


def codes_of(slots: Iterable[Slot], case: Case, bits: int) -> Codes:
    """What an infusion carries, of the findings that it may, for a patient with these bits."""
    found = [slot.finding for slot in slots if slot.holds(bits)]
    settled = settle(found, (), case.conditions, case.choices.acceptances)
    keys = tuple(dict.fromkeys(finding.key for finding in settled))
    blocks = block_keys(settled)
    told = in_data((finding.key, finding.severity, finding.reason) for finding in settled)
    accepted = tuple((finding.code, finding.detail, finding.reason) for finding in settled if finding.accepted)
    return Codes(tuple(told.values()), keys, blocks, accepted)
