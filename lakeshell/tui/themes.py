"""Three themes that stay readable in 256 colours: dark, light, and one of high contrast.

No meaning is carried by colour alone: every state is also a word.
"""

from __future__ import annotations

from textual.theme import Theme

from lakeshell.tui.preferences import CONTRAST, DARK, LIGHT

THEMES = (
    Theme(
        name=DARK,
        primary="#5fafd7",
        secondary="#5f87af",
        accent="#ffaf5f",
        foreground="#dadada",
        background="#1c1c1c",
        surface="#262626",
        panel="#303030",
        success="#87d787",
        warning="#ffd75f",
        error="#ff8787",
        dark=True,
    ),
    Theme(
        name=LIGHT,
        primary="#005f87",
        secondary="#5f87af",
        accent="#af5f00",
        foreground="#1c1c1c",
        background="#ffffff",
        surface="#eeeeee",
        panel="#dadada",
        success="#005f00",
        warning="#875f00",
        error="#af0000",
        dark=False,
    ),
    Theme(
        name=CONTRAST,
        primary="#00ffff",
        secondary="#0000d7",
        accent="#ffff00",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#000000",
        success="#00ff00",
        warning="#ffff00",
        error="#ff5f5f",
        dark=True,
        variables={"border": "#ffffff", "footer-key-foreground": "#ffff00"},
    ),
)

UNFIT = ("ansi-dark", "ansi-light")
"""Of the library's: the editor and the charts have no colours of their own in them, and draw light
texts on a light ground and black ones on black."""
