"""Made-up patients and choices for property tests: everything that the program takes, in its own units."""

from __future__ import annotations

import datetime as dt

from hypothesis import settings
from hypothesis import strategies as st

from infusecalc.quantities import plain


def examples(whole: int) -> int:
    """How many examples a property tries that is to try so many in the slow stage: a share in the quick run."""
    return max(1, whole * settings().max_examples // 100)


weights = st.integers(3000, 25000)
"""Adult weights in 0.01 kg."""

heights = st.integers(1400, 2100)
"""Adult heights in 0.1 cm."""

starts = st.dates(dt.date(1950, 1, 1), dt.date(2150, 12, 31))

WEEKLY = (
    *(
        f"infliximab/{name}"
        for name in ("crohns", "ra", "as", "takayasu", "sarcoidosis", "hidradenitis", "acute-severe-uc")
    ),
    *(f"rituximab/{name}" for name in ("ra", "sle", "nmosd", "sjogren")),
)
"""Regimens that count in weeks alone."""

ADULT = (
    *WEEKLY,
    *(f"infliximab/{name}" for name in ("uc", "behcet-uveitis", "pyoderma-gangrenosum", "ici-colitis")),
    *(f"rituximab/{name}" for name in ("gpa", "mpa", "pv", "ms", "aiha", "itp", "myasthenia", "membranous", "ssc")),
    *(f"rituximab/{name}" for name in ("ctd-ild", "igg4-rd")),
)

roundings = st.sampled_from(["none", "1mg", "5mg", "10mg", "50mg", "100mg", "vial"])

vial_sizes = st.lists(st.integers(1, 60), min_size=1, max_size=3, unique=True).map(lambda sizes: tuple(sorted(sizes)))
"""Vials of 1 to 60 units; real ones are multiples of 0.01 mg."""


def kg(weight: int) -> str:
    return f"{plain(weight)}kg"


def cm(height: int) -> str:
    return f"{plain(height, 1)}cm"
