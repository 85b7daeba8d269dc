"""Crawlers: source -> plan -> catalog.

`patterns` says which objects are meant, `plan` what the catalog should become, `run` makes it so.
"""
