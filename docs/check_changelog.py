"""Whether the changelog names every regimen that changes clinically since a released table.

python docs/check_changelog.py OLD [NEW [CHANGELOG]]

OLD is a table file or a tag of git; NEW is a table file, by default the one of this checkout. What `regimens diff`
calls clinical must stand in an entry 'Clinical: ...' under Unreleased, with the label that it changes under:

- a value of a regimen: by its id, as in `infliximab/crohns`; where all regimens of the drug change under that label,
  'infliximab, all regimens' will do;
- a value of a drug: 'infliximab, all regimens';
- a value of a product or a protocol: by its name, or 'infliximab, all regimens';
- a value of a titration, a condition or our own limits: by its name in the table.

A table of an older program that this one cannot read is reported with its faults (exit code 2): check it by hand.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Container, Iterator
from pathlib import Path

from infusecalc.errors import InfusecalcError
from infusecalc.table import SHIPPED, Table, load_either
from infusecalc.table_diff import CLINICAL, Difference, differences

ROOT = Path(__file__).parent.parent
_ENTRY = re.compile(r"^- (Clinical: .*(?:\n(?!- |#).*)*)", re.MULTILINE)
_ALL = "all regimens"


def clinical_entries(changelog: str) -> list[str]:
    """The clinical entries under Unreleased."""
    _, _, rest = changelog.partition("\n## [Unreleased]")
    return _ENTRY.findall(re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0])


def table_of(named: str) -> Table:
    """The table of a file, or of a tag of git; raises BadInput or BadTable."""
    if named == SHIPPED or Path(named).exists():
        return load_either(named)
    git = shutil.which("git") or "git"
    line = [git, "-C", str(ROOT), "show", f"{named}:regimens.yaml"]
    done = subprocess.run(line, capture_output=True, check=False)  # noqa: S603 - a tag of our own
    if done.returncode:
        sys.exit(f"{named} is neither a file nor a tag of git: {done.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{named.replace('/', '-')}.yaml")
        path.write_bytes(done.stdout)
        return load_either(str(path))


def missing(old: Table, new: Table, changelog: str) -> Iterator[str]:
    """What changes clinically and is named by no entry, each once, with the first path."""
    entries, labels = clinical_entries(changelog), {*new.labels, *old.labels}
    first: dict[tuple[str, str], Difference] = {}
    for each in differences(old, new):
        entry, _, rest = each.id.partition(":")
        label = rest.partition(":")[0]
        if each.kind == CLINICAL:
            first.setdefault((entry, label if label in labels else ""), each)
    for (entry, label), each in first.items():
        table = new if new.has(*entry.split("/", 1)) else old
        names = _names(entry, table, all_change=_all_change(entry, label, table, first))
        if not any(_says(text, names, label) for text in entries):
            yield f"{entry}{f', {label}' if label else ''}: {each.id}: {each.old} -> {each.new}"


def _all_change(entry: str, label: str, table: Table, changed: Container[tuple[str, str]]) -> bool:
    """Whether all regimens of the drug of a regimen change under a label."""
    section, _, name = entry.partition("/")
    drug = name.partition("/")[0]
    mine = (id_ for id_ in table.names("regimens") if id_.partition("/")[0] == drug)
    return section == "regimens" and all((f"regimens/{id_}", label) in changed for id_ in mine)


def _names(entry: str, table: Table, *, all_change: bool) -> list[str]:
    """What an entry of the changelog may call an entry of the table."""
    section, _, name = entry.partition("/")
    if section == "drugs":
        return [f"{name}, {_ALL}"]
    if section in ("products", "protocols"):
        drug = table.text(section, name, "drug")
        return [name, table.text(section, name, "name") or name, f"{drug}, {_ALL}"]
    return [name, f"{name.partition('/')[0]}, {_ALL}"] if all_change else [name]


def _says(text: str, names: list[str], label: str) -> bool:
    """Whether an entry of the changelog has one of some names as a word, and the label."""
    words = " ".join(text.replace("`", "").split())

    def has(word: str) -> bool:
        return re.search(rf"(?<![\w/-]){re.escape(word)}(?![\w/-])", words) is not None

    return any(map(has, names)) and (not label or has(label))


def main(old: str, new: str = SHIPPED, changelog: str = "") -> int:
    """Print what the changelog does not name, and return 1 for that, 0 for nothing, 2 for a table without sense."""
    text = Path(changelog or ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    try:
        found = list(missing(table_of(old), table_of(new), text))
    except InfusecalcError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for each in found:
        sys.stdout.write(f"not in CHANGELOG.md, as 'Clinical: ...' under Unreleased: {each}\n")
    sys.stdout.write(f"{len(found)} missing\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if 1 < len(sys.argv) <= 4 else (__doc__ or "").strip())  # noqa: PLR2004 - three words
