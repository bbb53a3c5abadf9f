"""The command line for sources, as tests of commands have it."""

from tests.cli.conftest import shell

__all__ = ["shell"]
