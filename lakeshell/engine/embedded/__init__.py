"""Trino SQL on DuckDB: bound with Trino's types, signatures and scopes, then run as DuckDB SQL."""
