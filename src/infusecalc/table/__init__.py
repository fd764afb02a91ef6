"""The regimen table: read from YAML, checked, and looked up by the names that people type."""

from infusecalc.table.store import Table, cited, load_table

__all__ = ["Table", "cited", "load_table"]
