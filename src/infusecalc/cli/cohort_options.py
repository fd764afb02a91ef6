"""The options of every command that reads a cohort: what holds for all rows, and what for those that say nothing."""

from __future__ import annotations

from collections.abc import Collection
from inspect import Parameter

from infusecalc.cli.options import (
    CHOICE,
    CLINIC,
    FOR_PHASE,
    FOR_REPEATS,
    HISTORY,
    LABELS,
    NO_SETTINGS,
    PATIENT,
    TABLE,
    TURNOVER,
    result,
)
from infusecalc.cli.parameters import argument, flag, listed, option, repeated


def _for_empty(flags: str, text: str, metavar: str, words: Collection[str] = ()) -> Parameter:
    """An option whose value holds for the rows that say nothing."""
    return option(flags, f"{text} Default for empty cells.", metavar, words=words)


_FOR_ALL = [
    repeated(
        "--has",
        "A condition of EVERY patient; of one: column has (several: a;b). A wide name (heart-failure) counts as the "
        "worst it can mean. Names: info DRUG.",
        "CONDITION",
    ),
    repeated(
        "--done",
        "A screening that was done for EVERY patient, whatever its result was; for one: column done (several: a;b). "
        "Nothing changes but in batch --to fhir, which shows it as done. Names: info DRUG.",
        "SCREENING[=DATE]",
    ),
    repeated(
        "--dose",
        f"Another dose than the regimen's, in its unit, in EVERY row whose column dose is empty. {FOR_PHASE}",
        "[PHASE=]DOSE",
    ),
    repeated(
        "--every",
        f"Another interval than the regimen's (as in 6w), in EVERY row whose column every is empty. {FOR_REPEATS}",
        "[PHASE=]TIME",
    ),
    option(
        "--protocol",
        "Rates by a named protocol, in EVERY row whose column protocol is empty; for the names see: list --full; rate "
        "shows its steps.",
        "NAME",
    ),
    repeated(
        "--accept",
        "Accept a blocking finding in EVERY row that has it: CODE:DETAIL accepts that one, CODE alone all with that "
        "code. Give who decided, and why; it is then a caution. What the prescriber decides for one patient belongs "
        "into the column accept of that row (several: a;b).",
        "CODE[:DETAIL]=REASON",
    ),
]
"""What is said of every patient, and may be said of one in the column of that name."""
_WITHOUT = ("from_", *(each.name for each in _FOR_ALL))
_EMPTY = {
    each.name: each
    for each in (
        _for_empty("--label", f"The label to follow: {' or '.join(LABELS)}; default {LABELS[0]}.", "LABEL", LABELS),
        _for_empty("--variant", "Variant of the regimen; for the names see: list --full.", "NAME"),
        _for_empty("--product", "Product; for the names see: info DRUG --full; default: the drug's usual one.", "NAME"),
    )
}
COHORT = [
    argument(
        "cohort",
        "File with one patient a row (a repeated row counts twice): CSV, NDJSON or Parquet; - for standard input.",
    ),
    option(
        "--given",
        "File of infusions given: patient_id, date, dose_mg. A patient without a line has had none. Infusions given "
        "stay in the result (given is true, dose_mg planned, given_mg as given; nonmem: AMT as given): leave them out "
        "of sums.",
        "FILE",
    ),
    option("--weights", "File of weights over time: patient_id, date, weight_kg.", "FILE"),
    listed(
        "--from",
        "csv, ndjson, parquet: the format of the cohort, if its name does not show it; maintenance: induction is over "
        "in ALL rows (for one patient: column from). To say both: --from csv --from maintenance.",
        "csv|ndjson|parquet|maintenance",
    ),
    option("--rejects", "File for rejected rows, with reasons; row 1 is the first below the header.", "FILE"),
    flag("--strict", "Stop at the first bad row and write nothing."),
    flag("--keep-extra", "Copy unknown columns to the result, unused, after all others."),
    _for_empty("--drug", "Drug.", "DRUG"),
    _for_empty("--indication", "Indication.", "INDICATION"),
    _for_empty("--weight", "Body weight; a bare number is kg.", "70kg|154lb"),
    _for_empty("--height", "Height; a bare number is cm.", "175cm|1.75m|5ft9in"),
    _for_empty("--bsa", "Body surface area.", "M2"),
    _for_empty("--age", "Age on the day of the first infusion; a bare number is years.", "34y|8mo"),
    _for_empty("--start", "Date of the first infusion.", "YYYY-MM-DD|today"),
    *(each for each in PATIENT if each.name in ("bsa_formula", "bsa_cap")),
    *_FOR_ALL,
    *(_EMPTY.get(each.name, each) for each in CHOICE if each.name not in _WITHOUT),
    *(each for each in HISTORY if each.name == "anchor"),
    *CLINIC,
    *TURNOVER,
    repeated("--price", "Price of a vial, for the cost of the infusions.", "[PRODUCT:]100mg=174.63"),
    *TABLE,
    *(each for each in result(()) if each.name in ("quiet", "no_color")),
    NO_SETTINGS,
]
"""The options of every command that reads a cohort."""
