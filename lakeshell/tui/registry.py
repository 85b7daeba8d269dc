"""The screens, in the order of the story. A new noun is a module and a line here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakeshell.tui.screens.base import LakeScreen


@dataclass(frozen=True, slots=True)
class Entry:
    """One screen. `key` goes to it where nothing is typed, `alt+key` everywhere; `short` is its
    name in a narrow window; `place` is its class as `module:Class` below `tui.screens`."""

    name: str
    key: str
    title: str
    short: str
    place: str
    help: str

    def make(self) -> LakeScreen:
        """The screen; its module is imported when it is first gone to."""
        module, _, name = self.place.partition(":")
        found = getattr(importlib.import_module(f"lakeshell.tui.screens.{module}"), name)
        made: LakeScreen = found()
        return made


ENTRIES = (
    Entry("home", "1", "Home", "Home", "home:HomeScreen", "The lake and what to do next"),
    Entry("connections", "2", "Connections", "Conn", "connections:ConnectionsScreen", "Sources: add, test"),
    Entry("crawlers", "3", "Crawlers", "Crawl", "crawlers:CrawlersScreen", "Schemas into the catalog: plan, run"),
    Entry("catalog", "4", "Catalog", "Catalog", "catalog:CatalogScreen", "Databases, tables, columns, versions"),
    Entry("jobs", "5", "Jobs", "Jobs", "jobs:JobsScreen", "Loads: mapping, script, run, log"),
    Entry("query", "6", "Query", "Query", "query:QueryScreen", "SQL in tabs, results, charts"),
    Entry("history", "7", "History", "Hist", "history:HistoryScreen", "Past queries, their results"),
    Entry("saved", "s", "Saved", "Saved", "saved:SavedScreen", "Queries kept as files, their versions"),
    Entry("workgroups", "8", "Workgroups", "Groups", "workgroups:WorkgroupsScreen", "Teams, limits, budgets"),
    Entry("cost", "9", "Cost", "Cost", "cost:CostScreen", "This month, and where it is heading"),
    Entry("stack", "0", "Stack", "Stack", "stack:StackScreen", "Services: start, stop, logs, backup"),
)  # fmt: skip
BY_NAME = {entry.name: entry for entry in ENTRIES}
