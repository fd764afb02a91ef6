"""Every finding once, in the order of the rules: how grave it is, what it means, and whether it may be accepted.

The single patient, the cohort, the README's table of findings and the tests all read it here.
"""

from __future__ import annotations

from infusecalc.frozen import Frozen

SEVERITIES = ("block", "caution", "info")
ACCEPTED = "caution"
"""What a block becomes that somebody accepted, with a reason."""


class Code(Frozen):
    """What a code means: when it is found, and how grave it is; of several severities the first is the usual one.

    `numbers` names the rule (of `RULES`) that tells it by a patient's own numbers, so that in a cohort it may hold for
    one patient and not for the next; None for what follows from the regimen, the plan and the choices. `final` is why
    no reason turns the block into a caution, and what to do instead.
    """

    severities: tuple[str, ...]
    when: str
    numbers: str | None = None
    final: tuple[str, str] | None = None

    @property
    def told(self) -> str:
        """The severities as the README has them."""
        return ", ".join(self.severities) + (", cannot be accepted" if self.final else "")


_BLOCK, _CAUTION, _INFO = ((severity,) for severity in SEVERITIES)
_EARLY = ("block", "caution")

CATALOGUE: dict[str, Code] = {
    # the patient
    "age-unknown": Code(_INFO, "the regimen has an age limit, and no age was given", "size"),
    "age-outside-regimen": Code(_BLOCK, "the age at the first infusion is outside the regimen's range", "size"),
    "age-crosses-limit": Code(_INFO, "a birthday during the course crosses the regimen's age limit, or may", "size"),
    "weight-unusual": Code(_CAUTION, "the weight is unusual for the regimen: pounds and kilograms mixed up?", "size"),
    "size-unusual": Code(_CAUTION, "weight and height give an unusual body mass index", "size"),
    "weight-unit-assumed": Code(_CAUTION, "a bare number was read as kg, but would be an ordinary weight in pounds"),
    "weight-changed": Code(_CAUTION, "the dose follows a weight that has changed much since the previous infusion"),
    "weight-band-crossed": Code(_CAUTION, "a new weight falls in another dose band"),
    "contraindicated": Code(_BLOCK, "a condition of the patient in which the label says not to give the drug"),
    "precaution": Code(_CAUTION, "a condition of the patient for which the label has a precaution"),
    "condition-not-covered": Code(
        _INFO,
        "no statement on this condition was found in our sources under this label: this does not mean that it is safe, "
        "and what another label says of it is told; or the site removed it",
    ),
    # the order
    "dose-above-label": Code(_BLOCK, "the dose is above what the label allows in that phase"),
    "dose-below-label": Code(_CAUTION, "the dose is below what the label allows in that phase"),
    "dose-outside-source": Code(_CAUTION, "the dose of an off-label regimen is outside the range in its source"),
    "dose-override": Code(_CAUTION, "a different dose, which the source allows or gives no figure for"),
    "interval-below-label": Code(_BLOCK, "the interval is shorter than the label allows in that phase"),
    "interval-above-label": Code(_CAUTION, "the interval is longer than the label allows in that phase"),
    "interval-override": Code(
        _CAUTION, "a different interval, which the source allows or gives no figure for; off-label: any"
    ),
    "escalation-combined": Code(
        _BLOCK, "a higher dose and a shorter interval together, where the label allows one or the other"
    ),
    "dose-above-usual": Code(_CAUTION, "one infusion is above the highest dose in our sources", "usual"),
    # the site's file
    "local": Code(_INFO, "something comes from a site's own file, not from the shipped table"),
    "site-rule": Code(_CAUTION, "the site's file adds, replaces or removes a rule or a value"),
    "confirmation-void": Code(_CAUTION, "a value that the site has confirmed is another one now"),
    # the dates
    "gap-below-label": Code(
        _EARLY, "too soon after the previous infusion (caution where an off-label source gives no minimum)"
    ),
    "gap-above-label": Code(_CAUTION, "later than the window for giving the drug again"),
    "gap-unusual": Code(_CAUTION, "a long gap since the previous infusion, where no label gives a window"),
    "history-start-differs": Code(_CAUTION, "the first date given is not the start date; it is counted as infusion 1"),
    "history-start-assumed": Code(_CAUTION, "no start date was given: the first date given is counted as infusion 1"),
    "given-early": Code(_CAUTION, "an infusion was given well before its date, counted from the previous infusion"),
    "given-differs": Code(_CAUTION, "the dose given differs much from the expected one"),
    "planned-date-passed": Code(_CAUTION, "a planned date is left out: too close to the last infusion given"),
    "clinic-days": Code(_INFO, "the days on which the clinic is open, and the infusions that they move"),
    "no-open-day": Code(_BLOCK, "the clinic has no open day within the tolerance"),
    # what is made up
    "bsa-capped": Code(
        _CAUTION, "the body surface area was capped as requested; the labels have no cap", "preparation"
    ),
    "dose-capped": Code(_INFO, "the dose is at the regimen's cap", "preparation"),
    "rounding-applied": Code(_INFO, "the dose was rounded as requested", "preparation"),
    "rounding-refused": Code(
        _CAUTION, "rounding would change the dose too much: the exact dose is kept", "preparation"
    ),
    "bag-too-small": Code(
        _BLOCK,
        "the drug volume does not fit in the bag",
        "preparation",
        ("what does not fit in the bag cannot be made up", "give a larger bag, with `bag`"),
    ),
    "concentration-low": Code(_BLOCK, "the concentration in the bag is under the label's range", "preparation"),
    "concentration-high": Code(_BLOCK, "the concentration in the bag is over the label's range", "preparation"),
    "concentration-margin": Code(
        _INFO, "in range, but not if the bag holds more than it says (overfill margin)", "preparation"
    ),
    "waste-below-unit": Code(_INFO, "the discarded drug is less than one billing unit", "preparation"),
    "price-missing": Code(_INFO, "a vial has no price, so the cost is not known", "preparation"),
    # the regimen
    "off-label": Code(_CAUTION, "the regimen is not labelled under the chosen label"),
    "label-incomplete": Code(_CAUTION, "the table has no contraindications or no screening under this label"),
    "companion": Code(_INFO, "another drug is given with it, premedication included"),
    "screening": Code(_INFO, "to be done before the first infusion"),
    "interval-range": Code(_INFO, "the label gives a range of intervals"),
    "evaluate": Code(_INFO, "when the response is to be evaluated"),
    "stop-rule": Code(_INFO, "when no response means to stop"),
    "start-window": Code(_INFO, "the window in which a later phase may start"),
    "start-outside-window": Code(
        _EARLY, "a later phase starts outside its window: early is a block, late or off-label a caution"
    ),
    "product-not-labelled": Code(_CAUTION, "the indication is not on the label of the chosen product"),
    "product-not-marketed": Code(_CAUTION, "the chosen product is not on the market"),
    "course-complete": Code(_INFO, "the regimen is complete before the end of the planned time"),
    # the rates
    "rate-not-labelled": Code(_CAUTION, "no rate is labelled for this regimen"),
    "first-rate-again": Code(_CAUTION, "long after the previous infusion: the first-infusion rate is used again"),
    "protocol": Code(("caution", "info"), "a protocol sets the rates (info where the label itself has it)"),
    "protocol-outside-conditions": Code(_BLOCK, "the protocol is not for a patient with one of these conditions"),
    "protocol-not-studied": Code(_CAUTION, "the dose is above the doses studied with the protocol", "protocol"),
    "time-below-label": Code(_BLOCK, "the protocol is faster than the label's minimum time", "protocol"),
    "infusion-too-long": Code(_BLOCK, "the infusion takes too long with its stop"),
    # the agenda
    "over-capacity": Code(_CAUTION, "a day of the agenda has more chair time than the clinic's chairs and hours have"),
}


def entry_of(code: str) -> Code:
    """What a code means; raises LookupError for one that is not declared."""
    if code not in CATALOGUE:
        message = f"the finding '{code}' is not declared in the catalogue"
        raise LookupError(message)
    return CATALOGUE[code]


def severity_of(code: str, named: str | None = None) -> str:
    """The severity of a code: the usual one, or the one named of several; raises LookupError for an undeclared one."""
    declared = entry_of(code).severities
    if named is not None and named not in declared:
        message = f"the finding '{code}' is {' or '.join(declared)}, never '{named}'"
        raise LookupError(message)
    return named or declared[0]


def never_accepted(code: str) -> tuple[str, str] | None:
    """Why no reason turns a block into a caution, and what to do instead; None where one does."""
    entry = CATALOGUE.get(code)
    return entry.final if entry else None


def of_numbers(rule: str | None = None) -> tuple[str, ...]:
    """The codes that hang on a patient's own numbers, in the order of the rules: all of them, or those of one rule."""
    return tuple(code for code, entry in CATALOGUE.items() if entry.numbers and rule in (None, entry.numbers))


GOING_ON = ("evaluate", "stop-rule", "start-window", "interval-range")
"""The codes that say whether and when the treatment goes on: they are told beside every infusion."""
