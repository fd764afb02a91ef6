"""The regimen table: read from YAML, checked, and looked up by the names that people type."""

from infusecalc.table.confirmed import Share, Void, shares
from infusecalc.table.layers import Change
from infusecalc.table.store import SHIPPED, Table, cited, load_either, load_table
from infusecalc.table.values import Value

__all__ = ["SHIPPED", "Change", "Share", "Table", "Value", "Void", "cited", "load_either", "load_table", "shares"]
