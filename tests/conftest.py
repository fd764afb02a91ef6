"""Settings of the property tests (no deadline: a slow machine is no wrong dose), and how commands and coverage go."""

from __future__ import annotations

import gc
import json
import sys
import threading
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest
from hypothesis import settings
from jsonschema_rs import Draft202012Validator

COUNTED = Path(__file__).parent / "counted.txt"
UNCOUNTED = pytest.StashKey[set[str]]()
PAUSED = pytest.StashKey[bool]()

settings.register_profile("quick", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None, max_examples=100)
settings.load_profile("quick")  # --hypothesis-profile thorough in the slow stage


@pytest.fixture(scope="session", autouse=True)
def nobodys_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Read no settings of whoever runs the tests."""
    empty = str(tmp_path_factory.mktemp("no_settings"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", empty)
        patch.setenv("APPDATA", empty)
        patch.delenv("INFUSECALC_SETTINGS", raising=False)
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # a program that a test starts compiles no module again
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--count-all`: count the branches of every test, not only of those that reach them all."""
    parser.addoption("--count-all", action="store_true", help="count the branches of every test (tests/README.md)")


def _coverage(config: pytest.Config) -> Any:
    """What counts branches, or None."""
    return getattr(config.pluginmanager.getplugin("_cov"), "cov_controller", None)


def _one_thread_for_frames() -> None:
    """Let the frame library have one thread where each core has a worker: more of them wait for each other.

    Programs that a test starts have all threads, and so have tests with `-n0`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLARS_MAX_THREADS", "1")
        import polars as pl  # noqa: PLC0415 - it looks once

        pl.thread_pool_size()


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Import every module while branches are counted, for a module runs once; collect the tests uncounted."""
    coverage = _coverage(session.config)
    if coverage is not None and hasattr(coverage.cov, "_get_file_reporter"):
        # the report is made twice, for the total and for the page: each module is parsed once
        coverage.cov._get_file_reporter = cache(coverage.cov._get_file_reporter)  # noqa: SLF001 - it has no other place
    if session.config.pluginmanager.hasplugin("dsession"):
        return  # this one hands tests out to others, and runs none itself
    import infusecalc  # noqa: PLC0415 - after coverage has begun

    if hasattr(session.config, "workerinput"):
        _one_thread_for_frames()
    for module in walk_packages(infusecalc.__path__, "infusecalc."):
        if not module.name.endswith(("__main__", ".spark")):  # that one needs an extra
            import_module(module.name)
    if coverage is not None and coverage.started:
        coverage.pause()
        session.config.stash[PAUSED] = True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the tests of counted.txt: together they reach every branch."""
    counted = set() if config.getoption("count_all") else set(COUNTED.read_text(encoding="utf-8").splitlines())
    if counted:
        items.sort(key=lambda item: item.nodeid not in counted)
    config.stash[UNCOUNTED] = {item.nodeid for item in items if counted} - counted
    if config.stash.get(PAUSED, False):
        _coverage(config).resume()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Count branches no longer once the first other test is reached: it would take each of them twice its time."""
    coverage = _coverage(item.config)
    if coverage is not None and coverage.started and item.nodeid in item.config.stash[UNCOUNTED]:
        coverage.pause()


def pytest_configure() -> None:
    """Collect no garbage while thousands of tests are collected: none of them is any."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave what was made so far out of garbage collection: it would be looked through again and again."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)  # a test makes much and keeps little


@pytest.fixture(scope="session", autouse=True)
def commands_built_once() -> Iterator[None]:
    """Keep the program and its commands once they are built: a test runs many lines, a process of the program one."""
    from infusecalc import cli  # noqa: PLC0415 - after coverage has begun
    from infusecalc.output.formats import FORMATS  # noqa: PLC0415 - after coverage has begun

    build, built = cli._command, {}  # noqa: SLF001 - the one place where a command is built

    def kept(name: str) -> Any:
        key = (name, cli.COMMANDS[name], *FORMATS)  # a test may add a command or a format
        if key not in built:
            built[key] = build(name)
        return built[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "_command", kept)
        patch.setattr(cli, "_program", cache(cli._program))  # noqa: SLF001 - and the one where the program is
        yield


@cache
def _validator(name: str) -> Draft202012Validator:
    from infusecalc.output.schemas import schema_of  # noqa: PLC0415 - where coverage has begun

    return Draft202012Validator(schema_of(name))


@pytest.fixture(autouse=True)
def every_document_fits_its_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold every JSON document that a test makes against the schema that we publish of it."""
    from infusecalc.output import formats, schemas  # noqa: PLC0415 - where coverage has begun

    sealed = formats.sealed

    def held(document: dict[str, Any], request: Any) -> dict[str, Any]:
        found = sealed(document, request)
        name = found["schema"].removeprefix("infusecalc.").removesuffix("/1")
        if name in schemas.DOCUMENTS:
            _validator(name).validate(json.loads(json.dumps(found)))
        return found

    monkeypatch.setattr(formats, "sealed", held)


@pytest.fixture
def seen_in_engine_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let coverage see what runs in a thread of the frame library: one that Python did not start."""
    from infusecalc.cohort import frames  # noqa: PLC0415 - most tests need no frame library
    from infusecalc.cohort.files import writing  # noqa: PLC0415 - most tests need no frame library

    for module in (frames, writing):
        register = module.register_io_source

        def registered(made: Any, register: Any = register, **options: Any) -> Any:
            def traced(*asked: Any) -> Iterator[Any]:
                sys.settrace(threading.gettrace())
                chunks, end = made(*asked), object()
                while True:
                    sys.settrace(threading.gettrace())  # each chunk may be asked for in another thread
                    chunk = next(chunks, end)
                    if chunk is end:
                        return
                    yield chunk

            return register(traced, **options)

        monkeypatch.setattr(module, "register_io_source", registered)
