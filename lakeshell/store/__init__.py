"""Iceberg tables of the lake: read straight from their files, written through pyiceberg."""
