"""A dated Course to a Bundle of FHIR R4 (4.0.1), type `collection`: what is planned, and nothing that is an order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from infusecalc.course import Course
from infusecalc.errors import BadInput
from infusecalc.findings import Finding, carries
from infusecalc.output import phrases
from infusecalc.output.fhir_medication import Sizes, administration, medication, request
from infusecalc.output.fhir_values import OWN, CodeBook, Shared, coding, entry, pointer, reference, references
from infusecalc.output.flat import Record
from infusecalc.output.ical import stamp_now
from infusecalc.table import cited
from infusecalc.version import __version__

_URI = "urn:ietf:rfc:3986"
_GRAVE = {"block": "high", "caution": "moderate", "info": "low"}
_UNKNOWN = "unknown"


def bundle(course: Course) -> Record:
    """The bundle of a dated course; raises BadInput without a patient's id.

    An entry is known by the key of the calendar: patient, regimen, variant, start of the course, and what it is. The
    time is now, unless SOURCE_DATE_EPOCH is set.
    """
    if course.patient.id is None:
        hint = "a FHIR bundle needs it: it is the subject of all that stands in it"
        raise BadInput("`id`", None, "is missing", hint=hint)
    stamp = stamp_now().strftime("%Y-%m-%dT%H:%M:%SZ")
    entries = list(_entries(Shared(course, CodeBook(course.table), stamp)))
    return {"resourceType": "Bundle", "type": "collection", "timestamp": stamp, "entry": entries}


def _entries(shared: Shared) -> Iterator[Record]:
    """The plan, its maker, the drug, the patient's size, the infusions, the findings, the sources, what was given.

    A finding that an infusion carries is named by its request too, unless it is only to be known.
    """
    course, sizes = shared.course, Sizes(shared)
    drug, device = medication(shared), _device(shared)
    issues = list(zip(course.findings, _issues(shared), strict=True))
    shown = {infusion.planned.number for infusion in course.infusions}
    requests, given = [], []
    for infusion in course.infusions:
        number = (infusion.planned.number,)
        grave = (made for each, made in issues if each.severity != "info" and carries(number, each.infusions, shown))
        requests.append(request(shared, infusion, drug, sizes.of(infusion), grave))
        given.append(administration(shared, infusion, drug))
    yield _care_plan(shared, list(sizes.entries.values()), requests)
    yield from (device, drug, *sizes.entries.values(), *requests, *(made for _, made in issues))
    yield _provenance(shared, requests)
    yield from (each for each in given if each)


def _care_plan(shared: Shared, sizes: list[Record], requests: list[Record]) -> Record:
    """The course as a whole; that it is blocked stands first in its title, as in a calendar."""
    course, table = shared.course, shared.course.table
    title, which = phrases.regimen(course)
    rests = [f"regimen table {table.version}, sha256 {table.files[0].sha256}"]
    rests += [f"the site's own table, sha256 {file.sha256}" for file in table.files if file.local]
    notes = [f"Computed by infusecalc {__version__}; {'; '.join(rests)}", f"{phrases.horizon(course)}. {phrases.CHECK}"]
    if course.blocks:
        notes.insert(0, f"BLOCKED by {', '.join(course.blocks)}: see the detected issues of high severity")
    return entry(
        shared.plan["reference"],
        "CarePlan",
        identifier=[shared.identified()],
        status="draft",
        intent="plan",
        title=f"{'BLOCKED: ' if course.blocks else ''}{title} ({which})",
        subject=shared.subject,
        period={"start": str(course.infusions[0].planned.date), "end": str(course.infusions[-1].planned.date)},
        created=shared.stamp,
        contributor=[_maker(shared)],
        supportingInfo=references(sizes),
        activity=[{"reference": reference(each)} for each in requests],
        note=[{"text": text} for text in notes],
    )


def _maker(shared: Shared) -> Record:
    return pointer(shared.url("device"), "Device")


def _device(shared: Shared) -> Record:
    """The program."""
    return entry(
        shared.url("device"),
        "Device",
        status="active",
        manufacturer="infusecalc",
        deviceName=[{"name": "infusecalc", "type": "manufacturer-name"}],
        version=[{"value": __version__}],
    )


def _issues(shared: Shared) -> Iterator[Record]:
    """The findings, each known by its key; of several of one key, by which of them it is."""
    seen: Counter[str] = Counter()
    for finding in shared.course.findings:
        seen[finding.key] += 1
        yield _issue(shared, f"finding {seen[finding.key]} {finding.key}", finding)


def _issue(shared: Shared, name: str, finding: Finding) -> Record:
    """A finding; an acceptance with its reason, or what was done before the start, is its mitigation."""
    done, about = finding.done, finding.infusions
    shown = {infusion.planned.number for infusion in shared.course.infusions}
    numbers = [number for number in about or () if number in shown]
    mitigation: list[Record] = []
    if finding.reason is not None:
        mitigation.append({"action": {"text": f"Accepted: {finding.reason}"}})
    if done:
        mitigation.append({"action": {"text": done.told}} | ({"date": str(done.on)} if done.on else {}))
    return entry(
        shared.url(name),
        "DetectedIssue",
        status="final",
        code={"coding": [{"system": OWN, "code": finding.key}], "text": finding.short or finding.message},
        severity=_GRAVE[finding.severity],
        patient=shared.subject,
        identifiedDateTime=shared.stamp,
        author=_maker(shared),
        implicated=[pointer(shared.url(number), "MedicationRequest") for number in numbers] or [shared.plan],
        detail=f"{finding.message} [source: {cited(finding.source)}]",
        mitigation=mitigation,
    )


def _provenance(shared: Shared, requests: list[Record]) -> Record:
    """What the plan rests on: the program, the tables by their hashes, each source with its grade."""
    table = shared.course.table
    names = dict.fromkeys((*shared.course.sources, *shared.codes.sources))
    rests = [
        _source(f"{file.name} {'of the site' if file.local else table.version}", f"urn:sha256:{file.sha256}")
        for file in table.files
    ]
    for name in names:
        known = table.source(name)
        rests.append(_source(f"{name}: {known.title} ({known.grade})", known.url))
    return entry(
        shared.url("provenance"),
        "Provenance",
        target=[shared.plan, *references(requests)],
        recorded=shared.stamp,
        agent=[{"type": coding("provenance-participant-type", "assembler"), "who": _maker(shared)}],
        entity=rests,
    )


def _source(name: str, uri: str) -> Record:
    """A source in words, and its address where that is known."""
    known = {} if uri == _UNKNOWN else {"identifier": {"system": _URI, "value": uri}}
    return {"role": "source", "what": known | {"display": name}}
