"""The console script, and `python -m infusecalc`: one short answer, then the process ends."""

import gc

gc.disable()  # before the rest is imported: collecting garbage would only take time

from infusecalc.cli import main  # noqa: E402 - after gc.disable()

__all__ = ["main"]

if __name__ == "__main__":  # pragma: no branch - the console script imports it, in a process of its own
    main()
