"""Syntax as Trino writes it: in error messages, SHOW CREATE VIEW and prepared statements."""
