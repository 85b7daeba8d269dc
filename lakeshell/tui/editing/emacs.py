"""Emacs' keys over the text: those that move, select nothing, and kill or bring back.

In: a key. Out: the action of the text area that it means. Keys that the console has for itself
elsewhere (Ctrl+P, Ctrl+W, Ctrl+T, Ctrl+R) are the text's while it has the focus, where emacs has
something of its own for them; Alt+X is the palette then.
"""

from __future__ import annotations

KEYS = {
    "ctrl+a": "cursor_line_start",
    "ctrl+e": "cursor_line_end",
    "ctrl+f": "cursor_right",
    "ctrl+b": "cursor_left",
    "ctrl+n": "cursor_down",
    "ctrl+p": "cursor_up",
    "alt+f": "cursor_word_right",
    "alt+b": "cursor_word_left",
    "alt+less_than_sign": "cursor_doc_start",
    "alt+greater_than_sign": "cursor_doc_end",
    "ctrl+v": "cursor_page_down",
    "alt+v": "cursor_page_up",
    "ctrl+d": "delete_right",
    "alt+d": "delete_word_right",
    "alt+backspace": "delete_word_left",
    "ctrl+k": "kill",
    "ctrl+w": "cut",
    "alt+w": "copy",
    "ctrl+y": "yank",
    "ctrl+underscore": "undo",
    "alt+semicolon": "toggle_comment",
}
