"""A file and the table in force to a verdict: what was calculated, planned again and identified, put together."""

from __future__ import annotations

from collections.abc import Iterable

from infusecalc.errors import BadInput
from infusecalc.frozen import Frozen
from infusecalc.output.flat import Record, flat_findings
from infusecalc.output.request import HASH, content_sha256
from infusecalc.table import Table
from infusecalc.verify.again import differences, from_request, identity, known_of
from infusecalc.verify.arithmetic import Deviation, ProductFacts, check_course
from infusecalc.verify.rows import Compared, compare
from infusecalc.verify.stored import StoredCourse, StoredFile

AGREES, DIFFERS, TABLE_DIFFERS, NOT_CHECKABLE = "agrees", "differs", "table-differs", "not-checkable"
SAME, ANOTHER, SITE, UNKNOWN = "same", "another version", "a site's", "unknown"
_IN_CSV = (
    "accepted blocks", "age", "bag, beyond its concentration", "body surface area", "chair time", "findings", "height",
    "horizon", "rounding, beyond what the findings say", "settings", "table",
    "weights, beyond the doses that follow from them", "which infusions were given",
)  # set in rows # fmt: skip
_IN_ROWS = (
    "age",
    "bag, beyond its concentration",
    "findings",
    "horizon",
    "weights, beyond the doses that follow from them",
)
_DAYS = {"date", "day"}
_ALONE, _BY_TABLE, _LAST = "arithmetic", "arithmetic with the table in force", 10**9


class Verified(Frozen):
    """What came of a stored plan; `table` says whose table it was made with, `reason` why it cannot be checked."""

    file: StoredFile
    verdict: str
    table: str
    reason: str | None
    differences: tuple[Deviation, ...]
    not_compared: tuple[str, ...]


def verify(file: StoredFile, table: Table) -> Verified:
    """Check a stored plan against itself and against a table; raises BadTable for a faulty one."""
    document, whose, reason = file.document, UNKNOWN, None
    found: list[Deviation] = []
    left_out: dict[str, None] = {}
    own = list(identity(document["table"], table)) if document and file.courses else []
    if document and file.courses:
        whose = _whose(own, document["table"])
    elif document:
        reason = f"the file is {document['schema']}, and only a schedule has dates to check"
    for course in file.courses:
        known, compared, why = _plan(course, document, table)
        calculated = list(check_course(course, document, known))
        if own:
            calculated = _by_table(calculated, check_course(course, document, None))
        found += _together(calculated, compared)
        left_out |= dict.fromkeys(compared.left_out)
        reason = reason or why
    found += own
    if document:
        found += _content(document)
        left_out |= {} if HASH in document else {HASH: None}
    return Verified(file, _verdict(found, whose, reason), whose, reason, tuple(found), tuple(left_out))


def _plan(
    course: StoredCourse, document: Record | None, table: Table
) -> tuple[ProductFacts | None, Compared, str | None]:
    """What the table says for the arithmetic, and the plan of a course; or why it cannot be made again."""
    known: ProductFacts | None = None
    try:
        known = known_of(table, course.heads)
        return known, _planned(course, document, table), None
    except (BadInput, ValueError, ArithmeticError) as error:
        return known, Compared((), ("plan",)), f"the plan cannot be made: {error}"


def _by_table(calculated: list[Deviation], alone: Iterable[Deviation]) -> list[Deviation]:
    """What was calculated, each marked that hangs on a table which is not the one of the file."""
    by_itself = set(map(_key, alone))
    return [each if _key(each) in by_itself else each.but(found_by=_BY_TABLE) for each in calculated]


def _key(each: Deviation) -> tuple[int | None, int | None, str]:
    return each.line, each.infusion, each.field


def _planned(course: StoredCourse, document: Record | None, table: Table) -> Compared:
    if document is None:
        cells = [row.get("findings") for row in course.infusions]
        compared = compare(course, cells, table)
        return Compared(compared.differences, (*_IN_CSV, *compared.left_out))
    if not isinstance(document.get("request"), dict):
        compared = compare(course, [_cell(document, row["number"]) for row in course.infusions], table)
        return Compared(compared.differences, (*_IN_ROWS, *compared.left_out))
    return Compared(tuple(differences(document, from_request(document, table))), (), whole=True)


def _cell(document: Record, number: int) -> str | None:
    """The findings of an infusion of a document as a cell of CSV has them."""
    about = ((each, each.get("infusions")) for each in document["findings"])
    mine = [each for each, numbers in about if not numbers or number in numbers]
    cell: str | None = flat_findings(mine)["findings"]
    return cell


def _content(document: Record) -> list[Deviation]:
    stored = document.get(HASH)
    now = content_sha256(document)
    return [] if stored in (now, None) else [Deviation(None, None, HASH, stored, now, "identity")]


def _together(calculated: list[Deviation], compared: Compared) -> list[Deviation]:
    """The differences of both ways, each value once.

    Where every value was planned again and one of an infusion is named, what was calculated from that value is left
    out, and so are the sums; a day against its date only where the plan names neither.
    """
    theirs = {_key(each): each for each in compared.differences}
    changed = {each.infusion for each in compared.differences if each.infusion} if compared.whole else set()
    days = {_key(each)[:2] for each in compared.differences if each.field in _DAYS}
    mine: list[Deviation] = []
    for each in calculated:
        key = _key(each)
        if key in theirs:
            theirs[key] = theirs[key].but(found_by=f"{each.found_by} and plan")
        elif not (each.field in _DAYS and key[:2] in days) and not (changed and each.infusion in (None, *changed)):
            mine.append(each)
    return sorted((*theirs.values(), *mine), key=lambda each: (each.line or 0, each.infusion or _LAST))


def _whose(own: list[Deviation], stored: Record) -> str:
    """Whose table a document was made with, against the one in force."""
    if not own:
        return SAME
    local = any(each.field == "table.local_sha256" for each in own)
    return SITE if local and stored.get("local_sha256") else ANOTHER


def _verdict(found: list[Deviation], whose: str, reason: str | None) -> str:
    """The verdict: what the file alone shows goes first; beyond that, another table explains another plan."""
    by_itself = [each for each in found if each.found_by in (_ALONE, f"{_ALONE} and plan") or each.field == HASH]
    if by_itself or (found and whose in (SAME, UNKNOWN)):
        return DIFFERS
    if reason is not None:
        return NOT_CHECKABLE
    return TABLE_DIFFERS if found else AGREES
