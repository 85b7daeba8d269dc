"""Expressions as typed fragments of DuckDB SQL: literals, casts, operators."""
