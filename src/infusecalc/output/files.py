"""Text to standard output or to a file that appears whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from infusecalc.errors import BadInput

_NEXT: dict[int | None, str] = {
    errno.ENOENT: "the folder does not exist: make it first",
    errno.ENOSPC: "free some room, or give a file on another disk",
}
"""What to do next, by what the system says of a file that cannot be written."""


def write_file(name: str, content: bytes, option: str = "-o") -> None:
    """Write a file beside its final name and rename it; raises BadInput where that fails, leaving nothing behind."""
    with whole_file(name, option) as path:
        path.write_bytes(content)


def check_apart(written: Mapping[str, str | None], read: Mapping[str, str | None]) -> None:
    """Refuse with BadInput to write over a file that is read, under whatever name; `-` is a standard stream."""
    found = {place: what for what, name in read.items() if name and (place := _place(name, sys.stdin))}
    for option, name in written.items() if found else ():
        place = _place(name, sys.stdout) if name else None
        if place in found:
            problem = f"is a file that is read: {found[place]}"
            raise BadInput(option, name, problem, hint="nothing was written; give another file")


def _place(name: str, standard: IO[Any] | None) -> tuple[int, int] | None:
    """Which regular file a name, a link or a standard stream leads to."""
    try:
        status = os.fstat(standard.fileno()) if name == "-" and standard else Path(name).stat()
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


@contextlib.contextmanager
def whole_file(name: str, option: str = "`output`") -> Iterator[Path]:
    """A place to write a file to, which gets its name when the block ends well; a device or a pipe is its own place.

    Raises BadInput where the file cannot be written, and leaves nothing behind whatever happens in the block.
    """
    try:
        path = Path(name).resolve()
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            yield path  # written to, never replaced
        else:
            with _beside(path) as place:
                yield place
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a file name"
        hint = _NEXT.get(getattr(error, "errno", None), "give another file")
        raise BadInput(option, name, f"cannot be written: {reason}", hint=hint) from None


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    import tempfile  # noqa: PLC0415 - only a file needs it

    handle, name = tempfile.mkstemp(prefix=f".{path.name[:50]}.", suffix=".part", dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        beside.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~mask)
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def write_all(out: IO[bytes], content: bytes) -> None:
    """Write all of some bytes: a stream without a buffer may take a part, and fail only at the next one."""
    left = memoryview(content)
    while left:
        left = left[out.write(left) :]


def write_out(content: bytes) -> bool:
    """Write to standard output; False where the reader has gone away. A full disk or a closed output is BadInput."""
    if sys.stdout is None:
        raise BadInput("standard output", None, "is closed", hint="leave it open, or write to a file with `output`")
    try:
        write_all(sys.stdout.buffer, content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        drop_stdout()
        return False
    except OSError as error:
        drop_stdout()
        raise BadInput("standard output", None, f"cannot be written: {error.strerror}", hint="free some room") from None
    return True


def drop_stdout() -> None:
    """Point standard output elsewhere, so that closing it at the end fails no second time."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
