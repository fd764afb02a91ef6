"""A file and the table in force to a verdict: what was calculated, planned again and identified, put together."""

from __future__ import annotations

from infusecalc.errors import BadInput, BadTable
from infusecalc.frozen import Frozen
from infusecalc.output.flat import Record, flat_findings
from infusecalc.output.request import HASH, content_sha256
from infusecalc.table import Table
from infusecalc.verify.again import differences, from_request, identity, known_of
from infusecalc.verify.arithmetic import Difference, Known, check_course
from infusecalc.verify.rows import Compared, compare
from infusecalc.verify.stored import StoredCourse, StoredFile

AGREES, DIFFERS, TABLE_DIFFERS, NOT_CHECKABLE = "agrees", "differs", "table-differs", "not-checkable"
SAME, ANOTHER, SITE, UNKNOWN = "same", "another version", "a site's", "unknown"
_IN_CSV = (
    "accepted blocks", "age", "findings", "height", "horizon", "body surface area from weight and height",
    "rounding beyond what the findings say", "settings", "table", "weight as it was typed",
)  # fmt: skip
_IN_ROWS = ("findings", "horizon", "age", "chair time")
_DAYS = {"date", "day"}
_BOTH, _LAST = "arithmetic and plan", 10**9


class Verified(Frozen):
    """What came of a stored plan; `table` says whose table it was made with, `reason` why it cannot be checked."""

    file: StoredFile
    verdict: str
    table: str
    reason: str | None
    differences: tuple[Difference, ...]
    not_compared: tuple[str, ...]


def verify(file: StoredFile, table: Table) -> Verified:
    """Check a stored plan against itself and against a table; raises BadTable for a faulty one."""
    found: list[Difference] = []
    left_out: dict[str, None] = {}
    reason = None
    whose = UNKNOWN
    if not file.courses:
        reason = f"the file is a {file.document and file.document['schema']!s}, and only a schedule has dates to check"
    for course in file.courses:
        calculated, compared, why = _course(course, file.document, table)
        found += _together(calculated, compared.differences)
        left_out |= dict.fromkeys(compared.left_out)
        reason = reason or why
    if file.document is not None and file.courses:
        own = list(identity(file.document["table"], table))
        whose = _whose(own, file.document["table"])
        found += own
    if file.document is not None:
        found += _content(file.document)
        left_out |= {} if HASH in file.document else {HASH: None}
    return Verified(file, _verdict(found, whose, reason), whose, reason, tuple(found), tuple(left_out))


def _course(
    course: StoredCourse, document: Record | None, table: Table
) -> tuple[list[Difference], Compared, str | None]:
    """The arithmetic and the plan of one course; why the plan cannot be made again, where it cannot."""
    known: Known | None = None
    try:
        known = known_of(table, course.heads)
        compared = _planned(course, document, table)
    except (BadInput, BadTable, ValueError, OverflowError) as error:
        if isinstance(error, BadTable):
            raise
        return list(check_course(course, document, known)), Compared((), ("plan",)), f"the plan cannot be made: {error}"
    return list(check_course(course, document, known)), compared, None


def _planned(course: StoredCourse, document: Record | None, table: Table) -> Compared:
    if document is None:
        cells = [row.get("findings") for row in course.infusions]
        compared = compare(course, cells, table)
        return Compared(compared.differences, (*_IN_CSV, *compared.left_out))
    if not isinstance(document.get("request"), dict):
        compared = compare(course, [_cell(document, row["number"]) for row in course.infusions], table)
        return Compared(compared.differences, (*_IN_ROWS, *compared.left_out))
    return Compared(tuple(differences(document, from_request(document, table))), ())


def _cell(document: Record, number: int) -> str | None:
    """The findings of an infusion of a document as a cell of CSV has them."""
    about = ((each, each.get("infusions")) for each in document["findings"])
    mine = [{"detail": None, "reason": None} | each for each, numbers in about if not numbers or number in numbers]
    cell: str | None = flat_findings(mine)["findings"]
    return cell


def _content(document: Record) -> list[Difference]:
    stored = document.get(HASH)
    now = content_sha256(document)
    return [] if stored in (now, None) else [Difference(None, None, HASH, stored, now, "identity")]


def _together(calculated: list[Difference], planned: tuple[Difference, ...]) -> list[Difference]:
    """The differences of both ways, each value once.

    Where the plan names the value of an infusion that was changed, what was calculated from that value is left out, and
    so are the sums; a day against its date only where the plan names neither.
    """
    theirs = {(each.line, each.infusion, each.field): each for each in planned}
    changed = {(each.line, each.infusion) for each in planned if each.line is None and each.infusion is not None}
    days = {(each.line, each.infusion) for each in planned if each.field in _DAYS}
    mine: list[Difference] = []
    for each in calculated:
        key = each.line, each.infusion, each.field
        if key in theirs:
            theirs[key] = theirs[key].but(found_by=_BOTH)
        elif key[:2] not in changed and not (each.field in _DAYS and key[:2] in days) and not (changed and not key[1]):
            mine.append(each)
    return sorted((*theirs.values(), *mine), key=lambda each: (each.line or 0, each.infusion or _LAST))


def _whose(own: list[Difference], stored: Record) -> str:
    """Whose table a document was made with, against the one in force."""
    if not own:
        return SAME
    local = any(each.field == "table.local_sha256" for each in own)
    return SITE if local and stored.get("local_sha256") else ANOTHER


def _verdict(found: list[Difference], whose: str, reason: str | None) -> str:
    """The verdict: what the file alone shows goes first; beyond that, another table explains another plan."""
    by_itself = [each for each in found if each.found_by.startswith("arithmetic") or each.field == HASH]
    if by_itself or (found and whose in (SAME, UNKNOWN)):
        return DIFFERS
    if reason is not None:
        return NOT_CHECKABLE
    return TABLE_DIFFERS if found else AGREES
