"""Names as people type them and choices to a setting: all that a course rests on, whoever the patient is."""

from __future__ import annotations

from infusecalc.choices import Choices
from infusecalc.errors import BadInput, shown
from infusecalc.findings import HasCondition
from infusecalc.frozen import Frozen
from infusecalc.overrides import Ordered, order_phases
from infusecalc.phase_dose import Bench, Making, Running
from infusecalc.preparation import prices_of
from infusecalc.pump import Rates
from infusecalc.regimen import Regimen
from infusecalc.site import Site, site_of
from infusecalc.spelling import normal
from infusecalc.statements import SITE, ConditionRule, House, InfusionTime, ProductRules, Protocol
from infusecalc.table import Table


class Setting(Frozen):
    """One regimen, product and order for any patient: what a course is made in."""

    table: Table
    regimen: Regimen
    product_name: str
    product: ProductRules
    house: House
    ordered: Ordered
    running: Running
    bench: Bench
    conditions: tuple[HasCondition, ...]
    site: Site
    prices: tuple[tuple[int, int], ...]


def setting_of(table: Table, drug: str, indication: str, choices: Choices) -> Setting:
    """Look up all that does not hang on a patient, a start or a history; raises BadInput and BadTable."""
    regimen, product_id = look_up(table, drug, indication, choices)
    product, rules = table.product(product_id, regimen.label)
    house = table.house()
    ordered = order_phases(regimen, choices)
    within = choices.rounding.most(house.rounding.within)
    running = running_of(table, regimen, choices.protocol)
    making = Making(rules, house.bags, house.overfill.most, within, house.largest_dose.most, choices, running)
    conditions = conditions_of(table, regimen, choices.conditions)
    site = site_of(table, regimen, product_id, named_as(conditions), running)
    prices = prices_of(table, choices.prices, product_id)
    bench = Bench(ordered, making)
    return Setting(table, regimen, product.name, rules, house, ordered, running, bench, conditions, site, prices)


def look_up(table: Table, drug: str, indication: str, choices: Choices) -> tuple[Regimen, str]:
    """The regimen, and the product's id: named as the drug, named as the product, or the usual one; raises BadInput."""
    drug_id, named = table.find_drug(drug)
    label = table.find_label(choices.label)
    regimen = table.regimen(drug_id, table.find_indication(drug_id, indication), label, choices.variant)
    chosen = table.find_product(choices.product, drug_id) if choices.product is not None else None
    if named and chosen and named != chosen:
        detail = f": {shown(drug)} is {table.get('products', named).name}"
        problem = "is not the brand that was given as the drug"
        raise BadInput("product", choices.product, problem, detail=detail, hint="give one of the two")
    return regimen, chosen or named or regimen.drug_rules.default_product.product


def running_of(table: Table, regimen: Regimen, protocol: str | None) -> Running:
    """How the drug goes in under this regimen, and by the protocol that was asked for."""
    unlabelled = regimen.rules.rate_not_labelled is not None
    first, later = (None, None) if unlabelled else _rates(table, regimen.drug_rules.infusion_time)
    again = regimen.rules.first_rate_again or regimen.drug_rules.first_rate_again
    if protocol is None:
        fitting = table.protocols(regimen) if unlabelled else ()
        return Running(first, later, None, None, None, None, again, fitting)
    name, rules = table.find_protocol(protocol, regimen)
    if table.is_local("protocols", name):
        rules = rules.but(is_=SITE)
    return Running(first, later, rules, name, *_rates(table, rules), again)


def _rates(table: Table, time: InfusionTime | Protocol) -> tuple[Rates, Rates]:
    """The rates of a first and of a later infusion."""
    if time.first is None or time.subsequent is None:
        return Rates(time.least, None), Rates(time.least, None)
    return Rates(None, table.get("titrations", time.first)), Rates(None, table.get("titrations", time.subsequent))


def conditions_of(table: Table, regimen: Regimen, typed: tuple[str, ...]) -> tuple[HasCondition, ...]:
    """What was said of the patient, each with what the regimen, or else the drug, says of it."""
    found: dict[str, HasCondition] = {}
    for text in typed:
        named = table.find_condition(text, regimen.drug_id)
        read_as = table.get("conditions", named).read_as or named
        rule = regimen.rules.conditions.get(read_as) or regimen.drug_rules.conditions.get(read_as)
        removed = rule is None and _removed(table, regimen, read_as)
        name = table.get("conditions", read_as).name
        elsewhere = () if rule or removed else _elsewhere(table, regimen, read_as)
        found.setdefault(read_as, HasCondition(normal(text), named, read_as, name, rule, removed, elsewhere))
    return tuple(found.values())


def _elsewhere(table: Table, regimen: Regimen, condition: str) -> tuple[tuple[str, ConditionRule], ...]:
    """What the other labels that have the regimen say of a condition."""
    found = []
    for label in table.labels:
        if label != regimen.label and table.has_part("regimens", regimen.id, label):
            other = table.regimen(regimen.drug_id, regimen.indication, label)
            rule = other.rules.conditions.get(condition) or other.drug_rules.conditions.get(condition)
            found += [(label, rule)] if rule else []
    return tuple(found)


def _removed(table: Table, regimen: Regimen, condition: str) -> bool:
    """Whether a site's file removes what the shipped table says of a condition."""
    path = (regimen.label, "conditions", condition)
    places = {("regimens", regimen.id, path), ("drugs", regimen.drug_id, path)}
    return any((each.section, each.name, each.path) in places for each in table.changes)


def named_as(conditions: tuple[HasCondition, ...]) -> dict[str, str]:
    """The conditions of a patient by the name that was meant, each with the one that it is read as."""
    return {condition.named: condition.id for condition in conditions}
