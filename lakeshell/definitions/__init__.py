"""The text files of a lake: what a team reviews in git.

`schema` reads and checks one TOML file against the keys that its kind allows; each kind of
definition has a module that says its keys and makes its value. Nothing here connects.
"""
