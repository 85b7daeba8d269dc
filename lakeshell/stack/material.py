"""What a stack is made from, as it comes with the package: the compose file, images, configuration
templates, and the scripts that make a base image and install Docker.

`files` beside this module is the checkout's `stack/` by a link; a wheel has the files themselves.
"""

from __future__ import annotations

import os
from pathlib import Path

from lakeshell.errors import ConfigurationError

SHIPPED = Path(__file__).with_name("files")


def stack_files() -> Path:
    """The folder with `compose.yaml`: `LAKESHELL_STACK_FILES`, or what came with the package."""
    named = os.environ.get("LAKESHELL_STACK_FILES")
    folder = Path(named).absolute() if named else SHIPPED.resolve()
    if not (folder / "compose.yaml").is_file():
        raise ConfigurationError(
            f"{folder} has no compose.yaml",
            hint="name a folder that has one in LAKESHELL_STACK_FILES, or unset it",
        )
    return folder


def script(name: str) -> Path:
    """`base-image` or `docker-engine`, where it can be run by hand."""
    return (SHIPPED / name).resolve()
