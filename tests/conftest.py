"""What the tests of every layer share: this folder is on the path, with `fakes` and `shell`."""

from shell import lake, shell  # noqa: F401
