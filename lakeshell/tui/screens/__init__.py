"""One module a screen, each found by its line in `tui.registry`."""
