"""Crawlers: what to read and where to register it, `crawlers/NAME.toml`."""

from __future__ import annotations

from typing import Any

from lakeshell.crawl.patterns import select
from lakeshell.crawl.plan import CrawlerSettings
from lakeshell.definitions.folder import DefinitionFolder
from lakeshell.definitions.schema import Key, choice, text, texts

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


class Crawlers(DefinitionFolder[CrawlerSettings]):
    """The crawlers of one lake, by name."""

    kind = "crawler"
    keys = KEYS
    how = ADD

    def of(self, connection: str) -> list[str]:
        """The crawlers that read it."""
        return [name for name in self.names() if self.get(name).connection == connection]

    def _made(self, name: str, values: dict[str, Any]) -> CrawlerSettings:
        return CrawlerSettings(name=name, **values)

    def _written(self, made: CrawlerSettings) -> dict[str, Any]:
        return {key.name: getattr(made, key.name) or None for key in KEYS}

    def _check(self, made: CrawlerSettings) -> None:
        select((), made.include, made.exclude)
