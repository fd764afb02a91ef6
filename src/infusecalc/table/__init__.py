"""The regimen table: read from YAML, checked, and looked up by the names that people type."""

from infusecalc.table.confirmed import Share, Void, shares
from infusecalc.table.layers import Change
from infusecalc.table.store import Table, cited, load_table
from infusecalc.table.values import Value

__all__ = ["Change", "Share", "Table", "Value", "Void", "cited", "load_table", "shares"]
