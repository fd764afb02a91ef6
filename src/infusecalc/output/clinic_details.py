"""What a sheet says of the clinic that hands it out."""

from __future__ import annotations

from infusecalc.frozen import Frozen


class ClinicDetails(Frozen):
    """The clinic's name, its telephone, and the number for emergencies; None where a site has not set it."""

    name: str | None = None
    telephone: str | None = None
    emergency: str | None = None
