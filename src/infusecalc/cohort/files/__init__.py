"""Cohorts as files: read in chunks, written whole or not at all."""
