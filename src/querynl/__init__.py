"""QueryNL: say what a schema should be, get a migration that is ordered, reversible and safe to run."""

from querynl._version import __version__

__all__ = ["__version__"]
