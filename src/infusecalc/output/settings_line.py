"""What came from a site's settings, in one line: for the end of a page, or for standard error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infusecalc.errors import escape
from infusecalc.output.request import Request

_UNITS = {"turnover": " min", "round_within": "%", "weight_change": "%", "tolerance": "d"}


def settings_line(request: Request) -> str:
    """The settings that took effect, and those that did not; empty where there is nothing to say."""
    if not (request.settings or request.ignored):
        return ""
    file = next(iter((request.settings or request.ignored).values()))["from"]
    used = list(dict.fromkeys(_told(key, found) for key, found in request.settings.items()))
    passed = [f"{_told(key, found)} ({found['why']})" for key, found in request.ignored.items()]
    told = f"Settings of {file}"
    told += f": {', '.join(used)}" if used else ""
    told += (";" if used else "") + f" not used: {', '.join(passed)}" if passed else ""
    return escape(told)


def _told(key: str, found: Mapping[str, Any]) -> str:
    """A setting in words: `turnover 15 min`."""
    name, value = key.partition(".")[0], found["value"]
    if name == "clinic":
        return "clinic details"
    if isinstance(value, list) and len(value) > 1:
        return f"{len(value)} {name}s"
    text = str(value[0] if isinstance(value, list) else value)
    unit = _UNITS.get(name, "") if text.replace(".", "").isdigit() else ""
    return f"{name.replace('_', ' ')} {text}{unit}"
