"""`python -m infusecalc`: the console script under another name."""

from infusecalc.cli import main

main()
