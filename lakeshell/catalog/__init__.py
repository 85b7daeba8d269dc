"""Catalogs of the lake: `local` keeps one in a SQLite file."""
