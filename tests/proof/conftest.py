"""The fixture of commands."""

from tests.cli.conftest import seealike

__all__ = ["seealike"]
