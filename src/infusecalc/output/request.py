"""What was asked, beside what is answered: the request, the settings, and the hash of a JSON document's content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from infusecalc.frozen import Frozen
from infusecalc.output.flat import Record
from infusecalc.version import __version__

HASH, IGNORED = "content_sha256", "settings_ignored"


class Request(Frozen):
    """A command and its options as they were understood; `settings` are those that came from a site's settings.

    A setting is the value with the name of the file that it is from: `{"value": ..., "from": FILE NAME}`; one that
    was `ignored` also says `why`.
    """

    command: str
    options: Mapping[str, Any]
    settings: Mapping[str, Any] = {}
    ignored: Mapping[str, Any] = {}


def sealed(document: Record, request: Request | None) -> Record:
    """A document with its request, its settings, and the hash of all that; the library has no request."""
    asked = None if request is None else _record(document, request)
    found = document | {"request": asked, "settings": dict(request.settings) if request else {}}
    if request and request.ignored:
        found |= {IGNORED: dict(request.ignored)}
    return found | {HASH: content_sha256(found)}


def content_sha256(document: Record) -> str:
    """The SHA-256 of a document without its hash: as JSON in UTF-8, keys sorted, no spaces, no character escaped."""
    import hashlib  # noqa: PLC0415 - only a document needs it

    content = {name: value for name, value in document.items() if name != HASH}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _record(document: Record, request: Request) -> Record:
    options = dict(request.options) | _resolved(document, request.options)
    return {"command": request.command, "options": options, "program": __version__}


def _resolved(document: Record, options: Mapping[str, Any]) -> Record:
    """The names that an answer found for what was typed, or for what was left to the table."""
    regimen = document.get("regimen")
    if regimen is None:
        return {}
    named = {name: regimen[name] for name in ("drug", "indication", "label", "variant")}
    named["product"] = document["product"]["name"]
    formula = document["patient"]["bsa_formula"]
    if options.get("height") is not None:
        named["bsa_formula"] = formula
    return named
