"""Ways of editing that a person may choose: vim's modes, emacs' keys."""

TAKEN = {
    "emacs": frozenset({"command_palette", "close"}),
    "vim": frozenset({"rename"}),
}
"""Actions of the console whose keys are the text's while it has the focus; the palette has them."""
