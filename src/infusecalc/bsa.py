"""Weight and height to a body surface area, by a named formula."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from infusecalc.arithmetic import half_of_root, half_up, mosteller_radicand
from infusecalc.errors import BadInput
from infusecalc.spelling import normal

Log10 = Callable[[Any], Any]

# h in cm, w in kg; originals as cited by the R packages admiral (compute_bsa) and physiology (bsa)
_FORMULAS: dict[str, Callable[[Any, Any, Log10], Any]] = {
    "dubois": lambda cm, kg, _: 0.007184 * cm**0.725 * kg**0.425,  # Arch Intern Med 1916;17:863
    "haycock": lambda cm, kg, _: 0.024265 * cm**0.3964 * kg**0.5378,  # J Pediatr 1978;93:62
    "gehan-george": lambda cm, kg, _: 0.0235 * cm**0.42246 * kg**0.51456,  # Cancer Chemother Rep 1970;54:225
    "boyd": lambda cm, kg, log10: _boyd(cm, 1000 * kg, log10),  # Boyd 1935, the form in grams
    "fujimoto": lambda cm, kg, _: 0.008883 * cm**0.663 * kg**0.444,
    "takahira": lambda cm, kg, _: 0.007241 * cm**0.725 * kg**0.425,  # 1925
}
BSA_FORMULAS = ("mosteller", *_FORMULAS)


def named_formula(typed: str) -> str:
    """The formula of a name, in any case, with or without a hyphen or a space; raises BadInput."""
    known = {name.replace("-", ""): name for name in BSA_FORMULAS}
    found = known.get(normal(typed).replace("-", ""))
    if found is None:
        raise BadInput("BSA formula", typed, "is not known", allowed=", ".join(BSA_FORMULAS))
    return found


def _boyd(cm: Any, grams: Any, log10: Log10) -> Any:
    return 0.0003207 * cm**0.3 * grams ** (0.7285 - 0.0188 * log10(grams))


def area_of(formula: str, cm: Any, kg: Any, log10: Log10 = math.log10) -> Any:
    """The area in m2 by any formula but `mosteller`, from a height in cm and a weight in kg: numbers, or columns."""
    return _FORMULAS[formula](cm, kg, log10)


def body_surface(formula: str, weight: int, height: int) -> int:
    """The BSA in 0.01 m2 of a weight (0.01 kg) and a height (0.1 cm), half up.

    `mosteller`, sqrt(cm x kg / 3600) (N Engl J Med 1987;317:1098), is rounded from the exact radicand in
    whole numbers; the other formulas from the double that they give.
    """
    if formula == "mosteller":
        return half_of_root(math.isqrt(mosteller_radicand(weight, height)))
    numerator, denominator = float(area_of(formula, height / 10, weight / 100)).as_integer_ratio()
    return half_up(100 * numerator, denominator)
