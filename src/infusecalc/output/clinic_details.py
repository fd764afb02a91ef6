"""What a clinic says of itself on its sheets."""

from __future__ import annotations

from infusecalc.frozen import Frozen


class ClinicDetails(Frozen):
    """The clinic's name, its telephone, and whom to call in an emergency; None is not said."""

    name: str | None = None
    telephone: str | None = None
    emergency: str | None = None
