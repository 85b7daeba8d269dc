"""Saved queries with their versions: what changes one through here is noted in the ledger.

In: the folder of saved queries, the ledger, who asks. Out: files and versions. A file that somebody
edited by hand is noted before it is changed, so that its text is a version too. Only members of a
workgroup see and change its queries.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell.definitions.saved import SavedQueries, SavedQuery
from lakeshell.errors import NotFound, command_line

if TYPE_CHECKING:
    from lakeshell.model import SavedVersion
    from lakeshell.ports import Ledger


class Library:
    """`admit` raises `UsageError` where the user is no member of a workgroup; the clock gives
    UTC."""

    def __init__(
        self,
        saved: SavedQueries,
        ledger: Callable[[], Ledger],
        user: str,
        admit: Callable[[str], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._saved = saved
        self._ledger = ledger
        self._user = user
        self._admit = admit
        self._now = now

    def get(self, group: str, name: str) -> SavedQuery:
        """Raises `UsageError` with the nearest name."""
        self._admit(group)
        return self._saved.get(group, name)

    def read(self, group: str, name: str) -> str:
        """The whole file."""
        self._admit(group)
        return self._saved.read(group, name)

    def save(self, query: SavedQuery, *, replace: bool = False) -> tuple[Path, SavedVersion]:
        """Raises `AlreadyExists` for another text under that name, unless it is to be replaced."""
        group, name = query.workgroup, query.name
        self._admit(group)
        if name in self._saved.names(group):
            self.note(group, name)
        path = self._saved.save(query, replace=replace)
        return path, self.note(group, name)

    def rename(self, group: str, name: str, target: str) -> Path:
        """Its versions go with it."""
        self._admit(group)
        path = self._saved.rename(group, name, target)
        self._ledger().move_versions(group, name, target)
        return path

    def called(self, group: str, name: str, born: datetime | None) -> tuple[str, datetime]:
        """What a saved query is called by now, whoever renamed it, and when it was first saved, by
        which it is known again. Without `born` it is the one that has the name now."""
        self._admit(group)
        if born is None:
            return name, self.versions(group, name)[0].saved
        found = self._ledger().saved_at(group, born)
        return (name if name in found or not found else found[0]), born

    def remove(self, group: str, name: str) -> None:
        """Its versions stay."""
        self.note(group, name)
        self._saved.remove(group, name)

    def note(self, group: str, name: str) -> SavedVersion:
        """Notes the file as it is; gives the version that it is."""
        text = self.read(group, name)
        return self._ledger().keep_version(group, name, text, self._user, self._now())

    # --- versions --------------------------------------------------------------------------

    def versions(self, group: str, name: str) -> Sequence[SavedVersion]:
        """Oldest first; those of a removed query too. Raises `UsageError` where there never was
        one."""
        self._admit(group)
        if name in self._saved.names(group):
            self.note(group, name)
        found = self._ledger().versions(group, name)
        if not found:
            self._saved.read(group, name)
        return found

    def version(self, group: str, name: str, number: int) -> SavedVersion:
        return _numbered(self.versions(group, name), number)

    def diff(
        self, group: str, name: str, first: int | None = None, second: int | None = None
    ) -> str:
        """What changed between two versions, as a unified diff; without numbers, in the last
        change."""
        versions = self.versions(group, name)
        newest = second or versions[-1].version
        return difference(
            _numbered(versions, first or max(newest - 1, 1)), _numbered(versions, newest)
        )


def difference(old: SavedVersion, new: SavedVersion) -> str:
    """A unified diff; empty where nothing differs."""
    before, after = (version.text.splitlines(keepends=True) for version in (old, new))
    heads = [f"{version.name}, version {version.version}" for version in (old, new)]
    return "".join(difflib.unified_diff(before, after, heads[0], heads[1]))


def _numbered(versions: Sequence[SavedVersion], number: int) -> SavedVersion:
    found = next((version for version in versions if version.version == number), None)
    if found is None:
        name = versions[0].name
        raise NotFound(
            f"{name} has no version {number}", hint=f"see: {command_line('saved', 'log', name)}"
        )
    return found
