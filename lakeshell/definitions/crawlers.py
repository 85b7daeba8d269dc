"""Crawlers: what to read and where to register it, `crawlers/NAME.toml`."""

from __future__ import annotations

from pathlib import Path

from lakeshell.crawl.plan import CrawlerSettings
from lakeshell.definitions.schema import (
    Key,
    checked_name,
    choice,
    dump,
    load,
    missing,
    names,
    text,
    texts,
    write,
)
from lakeshell.errors import AlreadyExists

ON_CHANGE = ("update", "add-only")
ON_DELETE = ("deprecate", "delete", "ignore")
KEYS = (
    Key("connection", text, required=True, doc='connection = "movies"'),
    Key("database", text, required=True, doc='database = "movie_rental", where tables register'),
    Key("include", texts, (), doc='include paths: ["movies/%"]; none takes everything'),
    Key("exclude", texts, (), doc='exclude patterns: ["*act*"]'),
    Key("prefix", text, "", doc="put before each table's name"),
    Key("on_change", choice(*ON_CHANGE), "update", doc="what a changed schema does"),
    Key("on_delete", choice(*ON_DELETE), "deprecate", doc="what a vanished table does"),
)
ADD = "lakeshell crawler add NAME --connection C --database D"


class Crawlers:
    """The crawlers of one lake, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        return names(self.folder)

    def get(self, name: str) -> CrawlerSettings:
        if name not in self.names():
            raise missing("crawler", name, self.names(), ADD)
        values = load(self.folder / f"{name}.toml", KEYS)
        return CrawlerSettings(name=name, **values)

    def add(self, crawler: CrawlerSettings) -> Path:
        name = checked_name("crawler", crawler.name)
        if name in self.names():
            raise AlreadyExists(
                f"there is a crawler {name!r} already",
                hint=f"edit {self.folder / name}.toml, or choose another name",
            )
        path = self.folder / f"{name}.toml"
        write(path, dump({key.name: getattr(crawler, key.name) or None for key in KEYS}))
        return path
