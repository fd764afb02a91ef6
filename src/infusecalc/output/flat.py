"""What every kind of data is written with: a finding as a record, findings and vials as one text, JSON, CSV, NDJSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from infusecalc.findings import Finding, in_data
from infusecalc.quantities import plain
from infusecalc.table import cited

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""

Record = dict[str, Any]


def finding_record(finding: Finding) -> Record:
    """One finding."""
    return {
        "code": finding.code,
        "detail": finding.detail,
        "severity": finding.severity,
        "message": finding.message,
        "short": finding.short,
        "done": None if finding.done is None else {"date": finding.done.on and str(finding.done.on)},
        "infusions": None if finding.infusions is None else list(finding.infusions),
        "phases": None if finding.phases is None else list(finding.phases),
        "accepted": finding.accepted,
        "reason": finding.reason,
        "source": cited(finding.source),
    }


def flat_findings(found: Iterable[Record]) -> Record:
    """Findings, as a document has them, as the columns of a flat record."""
    keyed = ((f"{each['code']}:{each['detail']}" if each["detail"] else each["code"], each) for each in found)
    return in_data((key, each["severity"], each["reason"]) for key, each in keyed)


def told_findings(found: Iterable[Finding]) -> Record:
    """Findings as the columns of a flat record."""
    return in_data((each.key, each.severity, each.reason) for each in found)


def vials_text(vials: Iterable[tuple[int, int]]) -> str:
    """Vials (size in 0.01 mg, count) as data writes them: `1x500+2x100`."""
    return "+".join(f"{count}x{plain(size)}" for size, count in vials)


def as_json(found: Record) -> str:
    """JSON text, in ASCII, so that no terminal or pipe can misread it."""
    return json.dumps(found, indent=2) + "\n"


def as_csv(rows: Iterator[Record], columns: tuple[str, ...] = ()) -> str:
    """CSV text with a header, which the records tell, or `columns` where there may be none.

    Null is empty, a truth value is `true` or `false`; no id is taken for a formula.
    """
    import csv  # noqa: PLC0415 - only this format needs it
    import io  # noqa: PLC0415 - the same

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if columns:
        writer.writerow(columns)
    for index, row in enumerate(rows):
        if index == 0 and not columns:
            writer.writerow(row)
        writer.writerow([_cell(name, value) for name, value in row.items()])
    return out.getvalue()


def _cell(name: str, value: Any) -> Any:
    """A value as CSV has it."""
    if name == "patient_id" and value and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return str(value).lower() if isinstance(value, bool) else value


def as_ndjson(rows: Iterator[Record]) -> str:
    """One JSON object a line."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def with_findings(rows: Iterable[Record], document: Record) -> Iterator[Record]:
    """Flat records of an answer about one infusion: each carries all findings of the document."""
    told = flat_findings(document["findings"])
    yield from (row | told for row in rows)
