"""Brings up the stack that the tests run on, and prints where it is as shell variables.

Run by scripts/test. One stack for every run on this machine, below the user's cache folder, with
ports of its own; CI=true begins with a new one.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from urllib.parse import quote

from lakeshell import services
from lakeshell.cli.progress import ProgressLine
from lakeshell.definitions import first
from lakeshell.errors import LakeshellError
from lakeshell.folder import make_lake
from lakeshell.lake import Lake
from lakeshell.stack import secrets
from lakeshell.stack.services import PORTS, Service

AWAY = 40_000
"""Added to the usual ports, so that a stack in use is not in the way."""


def main() -> int:
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    folder = Path(cache) / "lakeshell" / "test-stack"
    ports = "".join(f"\n[stack.{name}]\nport = {port + AWAY}\n" for name, port in PORTS.items())
    try:
        if os.environ.get("CI") == "true" and folder.exists():
            remove(folder)
        make_lake(folder, first.stack() + ports)
        with Lake(folder, {}) as lake, ProgressLine(lines=True) as progress:
            services.up(lake, progress, build_all=True, workers=0)
            made = lake.stack.installation
    except LakeshellError as error:
        print(f"error: {error.message}\n  {error.hint}", file=sys.stderr)
        return int(error.exit_code)
    key, secret = made.secrets[secrets.ACCESS_KEY], made.secrets[secrets.SECRET_KEY]
    root = quote(made.secrets[secrets.MYSQL_ROOT], safe="")
    storage = made.s3_endpoint.replace("://", f"://{quote(key)}:{quote(secret, safe='')}@")
    for name, value in {
        "STACK": str(folder),
        "TRINO_URL": made.trino_url,
        "MYSQL_URL": f"mysql://root:{root}@127.0.0.1:{made.port(Service.MYSQL)}",
        "METASTORE": f"127.0.0.1:{made.port(Service.METASTORE)}",
        "S3_URL": f"{storage}/{made.bucket}",
    }.items():
        print(f"export LAKESHELL_TEST_{name}={shlex.quote(value)}")
    return 0


def remove(folder: Path) -> None:
    """The stack of an earlier run, with all that its tests left: definitions, history, open tabs."""
    with Lake(folder, {}) as lake, ProgressLine(lines=True) as progress:
        if lake.stack.is_installed:
            services.down(lake, progress, delete_data=True)
    shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
