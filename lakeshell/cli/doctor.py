"""`lakeshell doctor`."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from lakeshell.cli.listing import show_listing
from lakeshell.cli.options import example, with_format, with_lake
from lakeshell.errors import ExitCode
from lakeshell.output.fit import Fit

if TYPE_CHECKING:
    from lakeshell.lake import Lake


@click.command("doctor", epilog=example("lakeshell doctor"))
@click.option(
    "--clean", is_flag=True, help="First remove files and locks that killed writers left."
)
@with_format
@with_lake
def command(lake: Lake, output_format: str | None, clean: bool) -> int:
    """Check every part, say what is wrong and the command that mends it.

    Ends with 1 when something does not work.
    """
    from lakeshell import cleaning
    from lakeshell.cost.sizes import files_text, size_text
    from lakeshell.doctor import Health, findings
    from lakeshell.folder import is_meant

    if clean:
        files, freed = cleaning.clean(lake)
        click.echo(f"removed {files_text(files)}, {size_text(freed)}", err=True)
        for lock in cleaning.free(lake):
            click.echo(f"gave back the lock of {lock}", err=True)
        for backup in cleaning.cut_off_backups(lake, remove=True):
            click.echo(f"removed what was left of backup {backup}", err=True)
    found = list(findings(lake))
    rows = [(f.part, f.health.value, f.found, f.mend or None) for f in found]
    fit = Fit(wrapped=("found", "mend"))
    show_listing(("part", "health", "found", "mend"), rows, output_format, fit)
    if any(f.mend for f in found) and not is_meant(lake.folder, os.environ, Path.cwd()):
        click.echo(
            f"run what mends it in the lake's folder: cd {quote(str(lake.folder))}", err=True
        )
    failed = sum(f.health is Health.FAILED for f in found)
    if failed:
        click.echo(f"{failed} of {len(found)} checks failed", err=True)
        return ExitCode.FAILED
    warned = sum(f.health is Health.WARNING for f in found)
    said = f"nothing is broken, {warned} to look at" if warned else "nothing is wrong"
    click.echo(f"{len(found)} checks, {said}", err=True)
    return ExitCode.OK
