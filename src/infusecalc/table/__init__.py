"""The regimen table: read from YAML, checked, and looked up by the names that people type."""

from infusecalc.table.layers import Change, statement_id
from infusecalc.table.nodes import file_of
from infusecalc.table.store import Table, cited, load_table

__all__ = ["Change", "Table", "cited", "file_of", "load_table", "statement_id"]
