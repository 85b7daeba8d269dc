"""Databases that Lakeshell reads: one module a kind of source."""
