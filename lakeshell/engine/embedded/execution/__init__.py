"""A bound statement on a DuckDB of its own: opened, scanned, run, its failures told in Trino's words."""
