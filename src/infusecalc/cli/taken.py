"""What a command took from the file of a site's settings, and what it passed over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infusecalc.errors import BadInput, escape
from infusecalc.frozen import Frozen
from infusecalc.output.clinic_details import ClinicDetails

if TYPE_CHECKING:
    from infusecalc.table import Table


class SettingTold(Frozen):
    """A value of the file, and the line that it is on."""

    value: Any
    line: int


class SettingsFile(Frozen):
    """A file that was read and checked: its values by their keys, those of a table as `clinic.name`."""

    path: Path
    told: Mapping[str, SettingTold]

    @property
    def name(self) -> str:
        """The name without its folder, which is nobody's business."""
        return self.path.name

    def fault(self, key: str, what: str) -> str:
        """A fault of one of the values: `file:line: what`."""
        return f"{escape(str(self.path))}:{self.told[key].line}: {what}"


_HANGS_ON_LABEL = ("product", "variant", "indication", "protocol")


class Taken:
    """Settings in one command: it grows while the options are read, and with the rows of a cohort."""

    def __init__(self, file: Any) -> None:
        """Begin with nothing."""
        self.file: SettingsFile = file
        self.used: dict[str, Any] = {}
        self.unused: dict[str, Any] = {}
        self.options: dict[str, str] = {}
        """The keys by the option that has its value from there."""
        self.products: dict[str, str] = {}
        """The ids of products by drug, for the rows of a cohort."""
        self.table: Table | None = None
        """The table, where it was needed to read the settings."""
        self.clinic, self.first_weekday = ClinicDetails(), 0

    def use(self, key: str) -> None:
        """A setting that takes effect."""
        self.used[key] = {"value": self.file.told[key].value, "from": self.file.name}

    def pass_over(self, key: str, why: str) -> None:
        """A setting that would have taken effect, if something else did not stand against it."""
        self.unused[key] = {"value": self.file.told[key].value, "from": self.file.name, "why": why}

    def product_of(self, drug: str, brand: str | None, label: str) -> str | None:
        """The name of the product that is set for a drug; None where none is, or where it yields."""
        product, table = self.products.get(drug), self.table
        if product is None or product == brand or table is None:
            return None
        key = f"product.{drug}"
        if brand:
            self.pass_over(key, f"{table.get('products', brand).name} was named")
        elif product not in table.products(drug, label):
            self.pass_over(key, f"label {label} has no such product")
        else:
            self.use(key)
            return str(table.get("products", product).name)
        return None

    def explained(self, error: BadInput) -> BadInput:
        """A refusal of a value that is from the file, or that hangs on the label from there, with file and line."""
        name = error.field or ""
        name = "label" if name in _HANGS_ON_LABEL and name not in self.options else name
        if name not in self.options:
            return error
        key = self.options[name]
        where = f"{key} is from {escape(str(self.file.path))}, line {self.file.told[key].line}"
        hint = f"{error.hint}; {where}" if error.hint else where
        return BadInput(
            error.what,
            error.value,
            error.problem,
            detail=error.detail,
            allowed=error.allowed,
            hint=hint,
            how=error.how,
            field=error.field,
        )


NOTHING = Taken(None)
"""Where there is no file of settings, or it is not to be read."""
