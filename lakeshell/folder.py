"""Which folder the lake of a command is, and how a folder becomes one.

In: what the flag, the environment and the working directory say. Out: a folder with a
`lakeshell.toml`; state is in its folder `.lakeshell`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lakeshell.errors import UsageError
from lakeshell.settings import FILE

STATE = ".lakeshell"


def find_lake(flag: str | None, environment: Mapping[str, str], here: Path) -> Path:
    """The lake that a command works on; made only when it is the default one.

    Raises `UsageError` for a folder that is no lake.
    """
    named = flag or environment.get("LAKESHELL_LAKE")
    if named:
        folder = Path(named).expanduser()
        if not is_lake(folder):
            raise UsageError(
                f"{folder} is not a lake: it has no {FILE}",
                hint=f"make it one: lakeshell init {folder}",
            )
        return _check_text(folder.resolve())
    found = enclosing_lake(here)
    if found is None:
        found = default_lake(environment)
        make_lake(found)
    return found


def is_meant(folder: Path, environment: Mapping[str, str], here: Path) -> bool:
    """Whether a command that names no lake works on the lake of this folder."""
    named = environment.get("LAKESHELL_LAKE")
    found = Path(named).expanduser() if named else enclosing_lake(here)
    return (found or default_lake(environment)).resolve() == folder


def is_lake(folder: Path) -> bool:
    try:
        return (folder / FILE).is_file()
    except PermissionError as error:
        raise UsageError(
            f"{folder} cannot be looked into: {error.strerror}",
            hint="name a lake of yours with --lake, or have the folder's owner let you in",
        ) from error


def _check_text(folder: Path) -> Path:
    """Tables name their files by their whole paths, in text."""
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"{str(folder)!r} cannot be a lake: its name is not UTF-8",
            hint="rename the folder, or choose another",
        ) from None
    return folder


def enclosing_lake(here: Path) -> Path | None:
    """The nearest folder from `here` upwards that is a lake."""
    return next((f for f in (here, *here.parents) if is_lake(f)), None)


def default_lake(environment: Mapping[str, str]) -> Path:
    data = environment.get("XDG_DATA_HOME") or str(Path("~/.local/share").expanduser())
    return Path(data) / "lakeshell" / "lake"


def make_lake(folder: Path, settings: str | None = None) -> bool:
    """Makes the folder a lake; False when it was one, which is left as it is.

    `settings` is the text of its `lakeshell.toml`, an embedded lake's where it is left out.
    """
    from lakeshell.definitions.first import embedded
    from lakeshell.definitions.schema import write

    if is_lake(folder):
        return False
    _check_text(folder)
    try:
        for name in ("connections", "crawlers", "jobs", "workgroups", "queries"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / STATE).mkdir(exist_ok=True)
        if not (folder / ".gitignore").exists():
            write(folder / ".gitignore", f"{STATE}/\n")
        write(folder / FILE, embedded() if settings is None else settings)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be made a lake: {error.strerror or error}",
            hint="choose a folder that you may write to",
        ) from error
    return True
