"""Trino's functions as DuckDB SQL, one module a family; `registry` loads them by name."""
