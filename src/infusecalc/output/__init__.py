"""A Course, or the regimen table, to what carries it: terminal, Markdown, JSON, NDJSON, CSV, and files."""
