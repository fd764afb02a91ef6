"""The source stays small and says one thing with one word: sizes, names of classes, and no circles of imports."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

import infusecalc

ROOT = Path(infusecalc.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
LONGEST_MODULE, LONGEST_BODY = 350, 40


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_and_its_functions_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= LONGEST_BODY, f"{node.name}: {lines} lines below its signature and docstring"


def test_no_two_classes_have_one_name():
    named = defaultdict(list)
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                named[node.name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in named.items() if len(paths) > 1} == {}


def imports(path: Path) -> set[Path]:
    """The modules of the package that a module imports, within functions too; not those for type checkers alone."""
    found = set()
    typed = [
        node for node in ast.walk(tree(path)) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
    ]
    skipped = {id(each) for node in typed for each in ast.walk(node)}
    for node in ast.walk(tree(path)):
        inside = isinstance(node, ast.ImportFrom) and id(node) not in skipped
        if inside and node.module and node.module.startswith("infusecalc."):
            base = ROOT.joinpath(*node.module.split(".")[1:])
            for place in (base.with_suffix(".py"), base / "__init__.py"):
                found |= {place} if place.exists() else set()
    return found


def test_no_import_goes_in_a_circle_lazy_ones_included():
    graph = {path: imports(path) for path in MODULES if path.name != "__init__.py"}
    seen: dict[Path, int] = {}

    def walk(path: Path, trail: tuple[Path, ...]) -> None:
        assert path not in trail, [str(each.relative_to(ROOT)) for each in (*trail[trail.index(path) :], path)]
        if path in graph and path not in seen:
            for other in graph[path]:
                walk(other, (*trail, path))
            seen[path] = 1

    for path in graph:
        walk(path, ())
