"""Ways of editing that a person may choose: vim's modes, emacs' keys."""
