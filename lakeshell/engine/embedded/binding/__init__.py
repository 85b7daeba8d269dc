"""From a tree of syntax to typed DuckDB SQL: Trino's scopes, names and rules, clause by clause."""
