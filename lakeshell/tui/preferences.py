"""What a person sets about the console, `console.toml` in the folder of settings of the user.

    theme = "high-contrast"
    animations = "none"            # none, full; auto: none over SSH
    editing = "vim"                # plain, emacs, vim: the keys where SQL is typed

    [keys]
    "query.run" = "f5,ctrl+g"      # the names are in the help screen, F1

In: the environment. Out: `Preferences`; raises `ConfigurationError` with file, line and key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lakeshell.definitions.schema import Key, choice, dump, load, table, text, write

DARK, LIGHT, CONTRAST = "lakeshell-dark", "lakeshell-light", "high-contrast"
KEYS = (
    Key("theme", text, DARK, doc='theme = "high-contrast"'),
    Key("animations", choice("auto", "none", "full"), "auto"),
    Key("editing", choice("plain", "emacs", "vim"), "plain"),
    Key("keys", table, None, doc='[keys] with "screen.action" = "key,key" below it'),
)


@dataclass(frozen=True, slots=True)
class Preferences:
    theme: str = DARK
    animations: str = "auto"
    keys: dict[str, str] = field(default_factory=dict)
    editing: str = "plain"


def preferences_file(environment: Mapping[str, str]) -> Path:
    folder = environment.get("XDG_CONFIG_HOME") or str(Path("~/.config").expanduser())
    return Path(folder) / "lakeshell" / "console.toml"


def read_preferences(environment: Mapping[str, str]) -> Preferences:
    path = preferences_file(environment)
    if not path.exists():
        return Preferences()
    values = load(path, KEYS)
    keys = {name: str(value) for name, value in (values["keys"] or {}).items()}
    return Preferences(values["theme"], values["animations"], keys, values["editing"])


def keep_theme(theme: str, environment: Mapping[str, str]) -> None:
    """Writes the theme and leaves the rest as it is."""
    kept = read_preferences(environment)
    values = {
        "theme": theme,
        "animations": None if kept.animations == "auto" else kept.animations,
        "editing": None if kept.editing == "plain" else kept.editing,
        "keys": kept.keys,
    }
    write(preferences_file(environment), dump(values))


def animates(preferences: Preferences, environment: Mapping[str, str]) -> bool:
    """Whether the link bears animations: over SSH it is taken not to."""
    if preferences.animations == "auto":
        return not (environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"))
    return preferences.animations == "full"
