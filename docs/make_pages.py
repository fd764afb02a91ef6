"""What README.md and the pages beside this file show of the program; their cog blocks print it.

python -m cogapp -P -r README.md docs/*.md
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import typer
import yaml

from infusecalc import load_table
from infusecalc.cli import COMMANDS, run
from infusecalc.cli.exit_codes import EXIT_CODES
from infusecalc.cli.settings_keys import KEYS, TABLES
from infusecalc.findings import CATALOGUE
from infusecalc.output.table_rows import listing
from infusecalc.statements import SECTIONS, Confirmation, House, Note, Sourced, Statement
from infusecalc.statements.kinds import NAME, WORDS, Either, ListOf, MapOf, Named, Text

DOCS = Path(__file__).parent
README = DOCS.parent / "README.md"
CUT = "[...]"


def fenced(page: Path, language: str) -> str:
    """The first fenced block of a page in a language, without its fences."""
    found = re.search(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if not found:
        message = f"{page.name} has no block of {language}"
        raise LookupError(message)
    return found[1]


def cohort() -> dict[str, str]:
    """The cohort of the README, as a file."""
    return {"cohort.csv": fenced(README, "csv")}


def site(heading: str, blocks: int | None = None) -> dict[str, str]:
    """The site's file that the first blocks under a heading of the page on tables make, or all of them."""
    _, _, rest = (DOCS / "tables.md").read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    found = re.findall(r"^```yaml\n(.*?)^```$", rest.partition("\n## ")[0], re.MULTILINE | re.DOTALL)
    return {"site.yaml": "".join(found[:blocks])}


def answer(line: str, files: dict[str, str] | None = None) -> list[str]:
    """The lines that a command line writes, to standard output and standard error, in a folder with these files."""
    content = io.BytesIO()
    out = io.TextIOWrapper(content, encoding="utf-8", write_through=True)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for name, text in (files or {}).items():
            Path(name).write_text(text, encoding="utf-8")
        words = {"COLUMNS": "80", "NO_COLOR": "1", "XDG_CONFIG_HOME": folder}
        words |= dict.fromkeys(("INFUSECALC_REGIMENS", "INFUSECALC_SETTINGS"), "")
        with patch.dict(os.environ, words), contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            run(shlex.split(line))
    return [each.rstrip() for each in content.getvalue().decode().rstrip().splitlines()]


def shown(line: str, *before: str, since: str = "", most: int = 30, files: dict[str, str] | None = None) -> str:
    """A command line with its answer: from the first line that begins with a word, up to the first with another."""
    lines = answer(line, files)
    first = next((number for number, each in enumerate(lines) if each.startswith(since)), 0)
    ends = (number for number, each in enumerate(lines) if number > first and before and each.startswith(before))
    last = min(next(ends, len(lines)), first + most)
    kept = "\n".join(lines[first:last]).rstrip()
    parts = [f"$ infusecalc {line}", CUT if first else "", kept, CUT if last < len(lines) else ""]
    return "```text\n" + "\n".join(part for part in parts if part) + "\n```"


def commands() -> Iterator[str]:
    """Every command, and each one's own commands."""
    for name in COMMANDS:
        yield name
        built = typer.main.get_command(import_module(COMMANDS[name]).app(name))
        yield from (f"{name} {each}" for each in getattr(built, "commands", {}))


def helps() -> str:
    """The help of every command, each under its heading."""
    texts = ((name, "\n".join(answer(f"{name} --help"))) for name in commands())
    return "\n\n".join(f"### {name}\n\n```text\n{text}\n```" for name, text in texts)


def table(heads: str, rows: Iterator[tuple[str, ...]]) -> str:
    """A table in Markdown, with heads that a bar separates."""
    names = heads.split("|")
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def exit_codes() -> str:
    """The exit codes."""
    return table("exit code|meaning", ((str(code), meaning) for code, meaning in EXIT_CODES.items()))


def setting_keys() -> str:
    """Every key of a site's settings, as it is written, and what it is."""
    inside = {f"{name}.{own}": key for name, keys in TABLES.items() for own, key in keys.items()}
    drug = load_table().names("drugs")[0]
    rows = (
        (f"`{name}`", f"`{name.replace('DRUG', drug)} = {key.example}`", key.means)
        for name, key in {**KEYS, **inside}.items()
    )
    return table("key|as in|what it is", rows)


def findings() -> str:
    """Every finding."""
    return table("code|severity|when", ((f"`{code}`", each.told, each.when) for code, each in CATALOGUE.items()))


def hazards() -> str:
    """The hazard log: a table of all hazards, and each under its heading."""
    log = yaml.safe_load((DOCS / "hazards.yaml").read_text(encoding="utf-8"))
    heads = "id|hazard|findings|status"
    rows = ((each["id"], each["hazard"], _codes(each["findings"]), f"`{each['status']}`") for each in log)
    return "\n\n".join([table(heads, rows), *map(hazard, log)])


def hazard(each: dict[str, Any]) -> str:
    """One hazard under its heading."""
    lines = [
        f"- Causes: {'; '.join(each['causes'])}",
        f"- Effect: {each['effect']}",
        f"- Harm: {each['harm']}",
        *(f"- Control: {control}" for control in each["controls"]),
        f"- Tests: {_codes(each['tests'])}",
        f"- Findings: {_codes(each['findings'])}",
        f"- Status: `{each['status']}`. Owner, severity, likelihood, residual risk: to be assigned by the site",
    ]
    return f"### {each['id']}: {each['hazard']}\n\n" + "\n".join(lines)


def _codes(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def regimens() -> str:
    """Every regimen under every label."""

    def rows() -> Iterator[tuple[str, ...]]:
        for row in listing(load_table()):
            variants = f" (variants: {row.variants})" if row.variants else ""
            yield f"`{row.id}`", row.name, row.label, row.status, f"{row.phases}{variants}"

    return table("regimen|name|label|status|phases", rows())


# --- the keys of the table ----------------------------------------------------------------------------------


def text(kind: Text) -> str:
    """What a text may be, in words."""
    words = kind.allowed.split(", ")
    if kind.pattern == "|".join(map(re.escape, words)):
        return f"one of: {kind.allowed}" if len(words) > 1 else kind.allowed
    number = re.sub(r"^a (?:whole )?number such as (.*)$", r"as in \1", kind.allowed)
    return {id(WORDS): "text", id(NAME): "name"}.get(id(kind), number)


def value(kind: Any) -> str:
    """What a value may be, in words."""
    if isinstance(kind, Text):
        return text(kind)
    if isinstance(kind, Named):
        return f"name of an entry of `{kind.section}`"
    if isinstance(kind, ListOf):
        return f"list, each: {value(kind.kind)}{' (ascending)' if kind.ascending else ''}"
    if isinstance(kind, Either):
        return f"{value(kind.text)}; or {value(kind.listed)}"
    if isinstance(kind, MapOf):
        return f"map by name, each: {value(kind.kind)}"
    statement = "statement with `text`" if kind is Note else "statement"
    return statement if issubclass(kind, Sourced) else "map"


def within(kind: Any) -> tuple[str, type[Statement] | None]:
    """What stands between a key and the keys below it, and the statement that has these."""
    if isinstance(kind, Either):
        return within(kind.listed)
    if isinstance(kind, ListOf | MapOf):
        between, statement = within(kind.kind)
        return ("[]" if isinstance(kind, ListOf) else ".NAME") + between, statement
    return "", kind if isinstance(kind, type) and issubclass(kind, Statement) and kind is not Note else None


def keys(statement: type[Statement], path: str, seen: dict[type, str]) -> Iterator[tuple[str, ...]]:
    """A row for each key of a statement, and of the statements in it; each statement once in a section."""
    for key, declared in statement.keys.items():
        if key == "source" and issubclass(statement, Sourced):
            continue
        default = declared.absent
        meaning = declared.meaning if default in (None, (), {}) else f"{declared.meaning}; default {default}"
        between, below = within(declared.kind)
        as_before = f" (keys as in `{seen[below]}`)" if below in seen else ""
        needed = "yes" if declared.needed else "no"
        yield f"`{path}{key}`", value(declared.kind) + as_before, needed, meaning
        if below and below not in seen:
            seen[below] = f"{path}{key}{between}"
            yield from keys(below, f"{path}{key}{between}.", seen)


def statement_keys() -> str:
    """The keys that every statement has, and those of one with a text alone."""
    cites = "the id of an entry of `sources`, then words on the place in it; or a list of these"
    rows = ((key, declared, cites if key == "source" else value(declared.kind)) for key, declared in Note.keys.items())
    listed = sorted(rows, key=lambda row: row[0] != "source")
    told = ((f"`{key}`", what, "yes" if own.needed else "no", own.meaning) for key, own, what in listed)
    return table("key|value|required|meaning", told)


def section(name: str) -> str:
    """What a section of the table holds."""
    if name == "house":
        return "Our own limits and defaults, whatever the label. Each key is under `house`."
    if name == "confirmed":
        return f"{(Confirmation.__doc__ or '').strip()} Only a site's file has it. Each key is under `confirmed.ID`."
    held = SECTIONS[name]
    first = " ".join((held.head.__doc__ or "").split("\n\n")[0].split())
    return f"{first} Each key is under `{name}.NAME`."


_ALONE: dict[str, type[Statement]] = {"house": House, "confirmed": Confirmation}


def section_keys(name: str) -> str:
    """The keys of a section of the table."""
    heads = "key|value|required|meaning"
    if name in _ALONE:
        return table(heads, keys(_ALONE[name], "", {}))
    section = SECTIONS[name]

    def rows() -> Iterator[tuple[str, ...]]:
        seen: dict[type, str] = {}
        yield from keys(section.head, "", seen)
        for key, kind in section.parts.items():
            between, below = within(kind)
            meaning = (below.__doc__ or "").rstrip(".") if below else "texts, each with its source"
            yield f"`{key}`", value(kind), "no", meaning
            if below:
                yield from keys(below, f"{key}{between}.", seen)
        if section.by_label:
            yield from keys(section.by_label, "LABEL.", seen)

    return table(heads, rows())


if __name__ == "__main__":
    sys.exit((__doc__ or "").strip())
