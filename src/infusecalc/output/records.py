"""A Course to data: the JSON document, and the flat record that CSV and NDJSON share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from infusecalc.arithmetic import hundredths_of_years
from infusecalc.course import Course
from infusecalc.findings import Finding, carries
from infusecalc.output.flat import Record, finding_record, told_findings, vials_text
from infusecalc.output.table_rows import share_record
from infusecalc.output.topics import Topic, sheet
from infusecalc.patient import Weighed
from infusecalc.phase_dose import Chair, Infusion, PhaseDose
from infusecalc.quantities import number
from infusecalc.table import Table, cited
from infusecalc.totals import Totals

COLUMNS = (
    "patient_id", "drug", "indication", "label", "status", "variant", "product", "phase", "number", "day", "date",
    "optional", "weight_kg", "bsa_m2", "dose_basis", "exact_dose_mg", "dose_mg", "vials", "waste_mg", "drug_volume_ml",
    "bag_ml", "concentration_mg_per_ml", "duration_min", "billing_code", "billing_units", "wasted_units", "modifier",
    "findings", "accepted", "severity", "blocks", "cautions", "chair_min",
)  # set in rows # fmt: skip
UNDATED = ("number", "day", "date")  # what a record of `dose` leaves out


# --- the JSON document --------------------------------------------------------------------------------


def document(course: Course) -> Record:
    """The JSON document of a course: `infusecalc.schedule/1` where it is dated, else `infusecalc.dose/1`."""
    found: Record = {"schema": "infusecalc.schedule/1" if course.plan else "infusecalc.dose/1"}
    found |= heads(course) | {"chair": chair_record(course.chair)}
    if course.plan:
        found["start"] = str(course.plan.start)
        found["infusions"] = [
            _infusion(course, infusion) | _costs(course, infusion.dose) for infusion in course.infusions
        ]
        found["totals"] = sums_record(course.totals) | _periods(course)
        found["phase_starts"] = _phase_starts(course)
    else:
        from infusecalc.output.working import working  # noqa: PLC0415 - a schedule has no working

        found["phases"] = [_phase(course, dose) | {"working": list(working(course, dose))} for dose in course.phases]
    found["sheet"] = [_topic(topic) for topic in sheet(course)]
    found["findings"] = [finding_record(finding) for finding in course.findings]
    found["sources"] = sources(course)
    return found


def heads(course: Course) -> Record:
    """What every document begins with: regimen, patient, product, table."""
    regimen, patient, table = course.regimen, course.patient, course.table
    age = patient.age_on(course.day)
    return {
        "regimen": {
            "id": regimen.id,
            "drug": regimen.drug_id,
            "indication": regimen.indication,
            "label": regimen.label,
            "status": regimen.rules.status.is_,
            "variant": regimen.variant,
            "local": course.local,
            "name": regimen.name,
        },
        "patient": {
            "id": patient.id,
            "weight_kg": number(patient.weight),
            "height_cm": None if patient.height is None else number(patient.height, 1),
            "bsa_m2": None if patient.bsa is None else number(patient.bsa),
            "bsa_formula": patient.bsa_formula,
            "age_years": None if age is None else number(hundredths_of_years(age.months)),
            "age_months": None if age is None else age.months,
            "weights": [_weighed(each) for each in patient.weights],
        },
        "product": {
            "name": course.product_name,
            "billing_code": course.product.billing.code if course.product.billing else None,
        },
        "table": table_record(table),
    }


def table_record(table: Table) -> Record:
    """Which regimen table it is, and which file of the site, by their hashes."""
    local = [file.sha256 for file in table.files if file.local]
    shipped = {"version": table.version, "sha256": table.files[0].sha256}
    return shipped | {"local_sha256": local[0] if local else None}


def _weighed(each: Weighed) -> Record:
    return {"from": None if each.since is None else str(each.since), "weight_kg": number(each.weight)}


def chair_record(chair: Chair) -> Record:
    """What an infusion takes in the chair beside its own time; null where our sources state no time."""
    return {
        "premedication_min": _minutes(chair.lead),
        "observation_min": _minutes(chair.observation),
        "turnover_min": number(chair.turnover),
    }


def dose_record(dose: PhaseDose, time: int | None, chair: Chair) -> Record:
    """What one infusion is: dose, vials, bag, time, billing."""
    made_up, charge = dose.preparation, dose.preparation.charge
    return {
        "dose_basis": str(dose.asked),
        "band": _band(dose),
        "exact_dose_mg": number(dose.amount.exact),
        "dose_mg": number(dose.amount.dose),
        "vials": [{"size_mg": number(size), "count": count} for size, count in made_up.vials],
        "waste_mg": number(made_up.waste),
        "drug_volume_ml": number(made_up.drug_volume, 1),
        "bag_ml": made_up.bag,
        "final_volume_ml": made_up.bag,
        "concentration_mg_per_ml": number(made_up.concentration),
        "duration_min": _minutes(time),
        "chair_min": _minutes(chair.time(time)),
        "billing_units": charge.units if charge else None,
        "wasted_units": charge.wasted if charge else None,
        "modifier": charge.modifier if charge else None,
        "billing_lines": [
            {"code": code, "modifier": modifier, "units": units} for code, modifier, units in made_up.billing_lines
        ],
    }


def _minutes(time: int | None) -> float | None:
    return None if time is None else number(time)


def _band(dose: PhaseDose) -> Record | None:
    """The band of a dose: what it is by (`weight`, kg, or `bsa`, m2), and its ends; null where there are none."""
    if dose.place is None:
        return None
    low, high = (each.end if each else None for each in (dose.place.before, dose.place.band))
    ends = {"from": low and number(low.number), "to": high and number(high.number)}
    return {"by": dose.place.by} | ends


def _infusion(course: Course, infusion: Infusion) -> Record:
    planned = infusion.planned
    place = {"number": planned.number, "phase": planned.phase, "day": planned.day, "date": str(planned.date)}
    found = place | {"optional": planned.optional} | dose_record(infusion.dose, infusion.time, course.chair)
    return found | _placed(infusion)


def _placed(infusion: Infusion) -> Record:
    """Where an infusion stands against the original plan, at what weight, and what was given."""
    planned, patient, given = infusion.planned, infusion.dose.patient, infusion.planned.given
    return {
        "weight_kg": number(patient.weight),
        "bsa_m2": None if patient.bsa is None else number(patient.bsa),
        "planned_date": str(planned.by_plan),
        "moved_days": planned.moved_days,
        "given": given is not None,
        "given_mg": number(given.amount) if given and given.amount is not None else None,
    }


def _phase(course: Course, dose: PhaseDose) -> Record:
    time = dose.first_time if dose is course.phases[0] else dose.later_time
    later = {"later_duration_min": _minutes(dose.later_time)}
    own = dose_record(dose, time, course.chair)
    return {"phase": dose.name, "optional": dose.phase.if_needed_from == 1} | own | later


def _costs(course: Course, dose: PhaseDose) -> Record:
    if not course.choices.prices:
        return {}
    from infusecalc.output.periods import cost  # noqa: PLC0415 - only prices need it

    whole, waste = cost(dose, course.case.prices)
    return {name: None if each is None else number(each) for name, each in (("cost", whole), ("waste_cost", waste))}


def sums_record(sums: Totals) -> Record:
    """Sums over some infusions."""
    return {
        "infusions": sums.infusions,
        "dose_mg": number(sums.dose),
        "waste_mg": number(sums.waste),
        "vials": [{"size_mg": number(size), "count": count} for size, count in sums.vials],
        "duration_min": _minutes(sums.time),
        "chair_min": _minutes(sums.chair),
    }


def _periods(course: Course) -> Record:
    """The sums by month and by year, and what the vials cost where prices were given."""
    from infusecalc.output import periods  # noqa: PLC0415 - a look-up has no sums

    return periods.records(course)


def _phase_starts(course: Course) -> list[Record]:
    """Where the table gives a window for the start of a phase: what it is, and what was planned."""
    return [
        {
            "phase": start.phase,
            "planned": str(start.planned),
            "usual": str(start.usual),
            "earliest": None if start.earliest is None else str(start.earliest),
            "latest": None if start.latest is None else str(start.latest),
        }
        for start in (course.plan.starts if course.plan else ())
    ]


def _topic(topic: Topic) -> Record:
    return {
        "section": topic.section,
        "name": topic.name,
        "text": topic.text,
        "before_min": topic.before,
        "source": cited(topic.source),
    }


def sources(course: Course, names: Iterable[str] | None = None) -> list[Record]:
    """Every source that the course rests on, or those named."""
    return [_source(course, name) for name in (course.sources if names is None else names)]


def _source(course: Course, name: str) -> Record:
    found = {"id": name} | course.table.source(name).as_dict() | {"local": course.table.is_local("sources", name)}
    return found | ({"confirmed": share_record(course.site.share(name))} if course.table.confirmed else {})


# --- the flat record ----------------------------------------------------------------------------------


def columns(course: Course) -> tuple[str, ...]:
    """The columns of a course's records; what was given, clinic days and prices add theirs at the end."""
    if course.plan is None:
        return tuple(name for name in COLUMNS if name not in UNDATED)
    choices = course.choices
    added = {
        "planned_date": choices.history or choices.clinic,
        "moved_days": choices.clinic,
        "given": choices.history,
        "given_mg": choices.history,
        "cost": choices.prices,
        "waste_cost": choices.prices,
    }
    return COLUMNS + tuple(name for name, asked in added.items() if asked)


def records(course: Course, names: Sequence[str] = (), only: Collection[int] | None = None) -> Iterator[Record]:
    """One record for each infusion, or each phase where the course has no dates.

    `names` are other columns than the usual ones, `only` the numbers of the infusions that are asked for.
    """
    shared, names = _shared(course), names or columns(course)
    if course.plan is None:
        for dose in course.phases:
            yield _record(names, shared | _phase(course, dose), dose, _of_phase(course, dose.name))
    asked = course.infusions if only is None else [each for each in course.infusions if each.planned.number in only]
    for infusion in asked:
        found = _of_infusion(course, infusion.planned.number)
        own = _infusion(course, infusion) | _costs(course, infusion.dose)
        yield _record(names, shared | own, infusion.dose, found)


def _shared(course: Course) -> Record:
    regimen, patient = course.regimen, course.patient
    billing = course.product.billing
    return {
        "patient_id": patient.id,
        "drug": regimen.drug_id,
        "indication": regimen.indication,
        "label": regimen.label,
        "status": regimen.rules.status.is_,
        "variant": regimen.variant,
        "product": course.product_name,
        "billing_code": billing.code if billing else None,
    }


def _record(names: Sequence[str], own: Record, dose: PhaseDose, found: list[Finding]) -> Record:
    size = {
        "weight_kg": number(dose.patient.weight),
        "bsa_m2": None if dose.patient.bsa is None else number(dose.patient.bsa),
    }
    flat = {"vials": vials_text(dose.preparation.vials)} | told_findings(found)
    values = size | own | flat
    return {name: values[name] for name in names}


def _of_infusion(course: Course, number_: int) -> list[Finding]:
    shown = {infusion.planned.number for infusion in course.infusions}
    return [finding for finding in course.findings if carries((number_,), finding.infusions, shown)]


def _of_phase(course: Course, name: str) -> list[Finding]:
    shown = {dose.name for dose in course.phases}
    return [finding for finding in course.findings if carries((name,), finding.phases, shown)]
