"""What was said of a patient to a Patient: weight, height or BSA, age, checked against the house limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from infusecalc.arithmetic import at_most, bmi_within, hundredths_of_years, outside, years_and_months
from infusecalc.bsa import BSA_FORMULAS, body_surface, named_formula
from infusecalc.dates import completed_months, parse_date
from infusecalc.errors import BadInput, WeightUnknown, has_controls
from infusecalc.frozen import Frozen
from infusecalc.options import as_declared
from infusecalc.quantities import (
    Age,
    decisive,
    parse_age,
    parse_bsa,
    parse_height,
    parse_weight,
    plain,
)
from infusecalc.statements import House, Limits


class Weighed(Frozen):
    """A weight in 0.01 kg, as it was written, and since when it holds (None: from the beginning)."""

    since: date | None
    weight: int
    text: str


class Patient(Frozen):
    """One patient; build it with `Patient.of`, which reads what people write, and not with `Patient(...)`.

    `weight` is in 0.01 kg, `height` in 0.1 cm, the areas in 0.01 m2; `born` is a date of birth.
    `weight_text` keeps the weight as it was written, for the working, and `height_text` the height, for a refusal.
    `weights` are all the weights that were given, in the order of their dates; `weight` is the first, until
    `weighed_on` picks the one of a day.
    """

    weight: int
    weight_text: str
    weights: tuple[Weighed, ...] = ()
    height: int | None = None
    bsa_given: int | None = None
    formula: str = "mosteller"
    bsa_cap: int | None = None
    age: Age | None = None
    born: date | None = None
    id: str | None = None
    height_text: str = ""

    @classmethod
    def of(
        cls,
        weight: str | float | Sequence[str],
        *,
        height: str | float | None = None,
        bsa: str | float | None = None,
        bsa_formula: str | None = None,
        bsa_cap: str | float | None = None,
        age: str | float | None = None,
        born: str | date | None = None,
        id: str | int | None = None,  # noqa: A002 - the word that the data use
    ) -> Patient:
        """A patient from text or numbers: `70`, `70kg`, `154lb`; `175`, `1.75m`, `5ft9in`; `34`, `34y`, `8mo`.

        A bare weight is in kg, a height in cm, an age in years; `bsa` and `bsa_cap` are in m2; `born` is a date. The
        age is that on the day of the first infusion.
        `bsa_formula` is `mosteller` unless given: sqrt(cm x kg / 3600), N Engl J Med 1987;317:1098; the other formulas
        are cited in `infusecalc.bsa`. 1 lb = 0.45359237 kg and 1 in = 2.54 cm, by the agreement of 1959. Weights over
        time are several texts, `DATE=WEIGHT` each; each holds until the next date.

        Raises BadInput for what is not a quantity, and for arguments that cannot be combined. Whether size, age and
        date of birth can be those of a patient is checked in `make_course`, with the limits of the table.
        """
        given: dict[str, Any] = {
            "weight": weight, "height": height, "bsa": bsa, "bsa_formula": bsa_formula, "bsa_cap": bsa_cap,
            "age": age, "born": born, "id": id,
        }  # set in rows # fmt: skip
        weight, height, bsa, bsa_formula, bsa_cap, age, born, name = as_declared(given, _DECLARED).values()
        if bsa is not None and (height is not None or bsa_formula is not None):
            problem, hint = "cannot be combined with a height or a formula", "give `bsa`, or `height` and `bsa_formula`"
            raise BadInput("BSA", bsa, problem, hint=hint)
        if bsa_formula is not None and height is None:
            hint = "give `height`, or leave `bsa_formula` out"
            raise BadInput("BSA formula", bsa_formula, "has no effect without `height`", hint=hint)
        formula = BSA_FORMULAS[0] if bsa_formula is None else named_formula(bsa_formula)
        if age is not None and born is not None:
            raise BadInput("age", age, "cannot be combined with a date of birth", hint="give `age` or `born`")
        weights = _weights(weight)
        return cls(
            weight=weights[0].weight,
            weight_text=weights[0].text,
            weights=weights,
            height=None if height is None else parse_height(str(height)),
            bsa_given=None if bsa is None else parse_bsa(str(bsa)),
            formula=formula,
            bsa_cap=None if bsa_cap is None else parse_bsa(str(bsa_cap), "BSA cap"),
            age=None if age is None else parse_age(str(age)),
            born=parse_date(born, "date of birth") if isinstance(born, str) else born,
            id=None if name is None else _plain_id(str(name)),
            height_text="" if height is None else str(height).strip(" "),
        )

    @property
    def bare(self) -> bool:
        """Whether the weight was written without a unit, and so is read as kg."""
        return self.weight_text[-1:].isdigit()

    @property
    def in_pounds(self) -> bool:
        """Whether the weight was written in pounds."""
        return self.weight_text.lower().endswith(("lb", "lbs"))

    @property
    def bsa_formula(self) -> str | None:
        """How the BSA was come by: a formula's name, `given`, or None where there is no BSA."""
        if self.bsa_given is not None:
            return "given"
        return None if self.height is None else self.formula

    @property
    def bsa_uncapped(self) -> int | None:
        """The BSA in 0.01 m2 before any cap."""
        if self.bsa_given is not None or self.height is None:
            return self.bsa_given
        return body_surface(self.formula, self.weight, self.height)

    @property
    def bsa(self) -> int | None:
        """The BSA in 0.01 m2 that doses are calculated with."""
        area = self.bsa_uncapped
        return area if area is None or self.bsa_cap is None else at_most(area, self.bsa_cap)

    @property
    def dated(self) -> bool:
        """Whether there are weights with dates; they come last."""
        return bool(self.weights) and self.weights[-1].since is not None

    def weighed_on(self, day: date | None) -> Patient:
        """The patient at the last weight on or before a day; raises BadInput where there is none."""
        if not self.dated:
            return self
        if day is None:
            hint = "give `on` or, for a plan, `start`; or give one weight"
            raise BadInput("weight", None, "with dates needs a reference date", hint=hint)
        held = [each for each in self.weights if each.since is None or each.since <= day]
        if not held:
            hint = "add a weight of that day or before"
            detail = f": {day}, the first is from {self.weights[0].since}"
            raise WeightUnknown("weight", None, "is missing for that day", detail=detail, hint=hint)
        return self.but(weight=held[-1].weight, weight_text=held[-1].text)

    def age_on(self, day: date | None) -> Age | None:
        """The age on a day: as given, or in completed months from the date of birth."""
        if self.born is None or day is None:
            return self.age
        if day < self.born:
            problem = "is after the day for which the age is needed"
            raise BadInput("date of birth", self.born, problem, detail=f", {day}", hint="check both dates")
        return Age(completed_months(self.born, day))

    def check(self, house: House, day: date | None) -> None:
        """Refuse with BadInput what lies outside the house limits on input."""
        for each in self.weights:
            _within("weight", each.weight, 2, "kg", house.weight)
        if self.height is not None:
            self._check_height(self.height, house.height)
            for each in self.weights:
                self._check_bmi(each.weight, house)
        if self.bsa_given is not None:
            _within("BSA", self.bsa_given, 2, "m2", house.bsa)
        if self.bsa_cap is not None:
            _within("BSA cap", self.bsa_cap, 2, "m2", house.bsa)
        if self.born is not None and day is None:
            hint = "give `on` or, for a plan, `start`"
            raise BadInput("`born`", self.born, "needs a reference date", hint=hint)
        age = self.age_on(day)
        if age is not None and outside(age.months, house.age.from_, house.age.to):
            allowed = " to ".join(str(years_and_months(end)[0]) for end in (house.age.from_, house.age.to)) + " years"
            shown = f"{plain(hundredths_of_years(age.months))} years"
            raise BadInput("age", shown, "is out of range", allowed=allowed)

    def _check_height(self, height: int, limits: Limits) -> None:
        if not outside(height, limits.from_, limits.to):
            return
        read = f"{plain(height, 1)} cm"
        text, bare = self.height_text or read, self.height_text.replace(".", "").isdigit()
        detail = "" if text.lower().endswith("cm") else f": read as {f'{text} cm' if bare else read}"
        allowed = f"{plain(limits.from_, 1)} to {plain(limits.to, 1)} cm"
        unsaid = bare or not self.height_text  # a column has its unit in its name
        hint = "for metres write 1.75m" if unsaid and height < limits.from_ else ""
        raise BadInput("height", text, "is out of range", detail=detail, allowed=allowed, hint=hint)

    def _check_bmi(self, weight: int, house: House) -> None:
        height, bmi = self.height or 0, house.bmi
        if bmi_within(weight, height, bmi.from_, bmi.to):
            return
        value = decisive(weight * 10_000, height * height, [(bmi.from_, 1), (bmi.to, 1)])
        both = f"{plain(weight)} kg and {plain(height, 1)} cm: {value} kg/m2"
        hint = "are weight and height swapped, or in other units?"
        problem = "give an impossible body mass index"
        raise BadInput("weight and height", both, problem, allowed=f"{bmi.from_} to {bmi.to} kg/m2", hint=hint)


_DECLARED = Patient.of.__annotations__


def _weights(given: str | float | Sequence[str]) -> tuple[Weighed, ...]:
    """Weights as they were given, in the order of their dates; a bare one holds from the beginning."""
    texts = given if isinstance(given, list) else [str(given)]
    if not texts:
        raise BadInput("weight", None, "is missing", hint="give one, as in 70kg or 154lb")
    found: dict[date | None, Weighed] = {}
    for text in map(str, texts):
        day, equals, weight = text.rpartition("=")
        since = parse_date(day.strip(" "), "date of a weight") if equals else None
        if since in found:
            when = f"for {since}" if since else "without a date"
            raise BadInput("`weight`", text, f"is given twice {when}", hint="give one weight for each date")
        found[since] = Weighed(since, parse_weight(weight), weight.strip(" "))
    return tuple(sorted(found.values(), key=lambda each: each.since or date.min))


def _within(what: str, value: int, places: int, unit: str, limits: Limits) -> None:
    if not outside(value, limits.from_, limits.to):
        return
    allowed = f"{plain(limits.from_, places)} to {plain(limits.to, places)} {unit}"
    raise BadInput(what, f"{plain(value, places)} {unit}", "is out of range", allowed=allowed)


def _plain_id(text: str) -> str:
    if not text.strip():
        raise BadInput("patient id", text, "is empty", hint="leave it out, or give one")
    if has_controls(text):
        raise BadInput("patient id", text, "has control characters", allowed="printable characters")
    return text
