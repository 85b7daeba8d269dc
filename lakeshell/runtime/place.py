"""Where a lake is and what it is set to: what every runtime opens its adapters from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lakeshell.definitions.connections import Connections
from lakeshell.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """`state` is the lake's `.lakeshell`; `environment` is read for secrets and nothing else."""

    folder: Path
    state: Path
    environment: Mapping[str, str]
    settings: Settings
    connections: Connections
