"""Where what is expensive to fetch is kept between runs: MySQL's packages and Flyway's libraries."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Read at import: each test then has a home folder of its own.
ROOT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "querynl-tests"


def cache(name: str) -> Path:
    """The folder for one thing in the user's cache, made if missing."""
    folder = ROOT / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Keeps other test processes of the user out: two may want to fetch the same thing at the same moment."""
    with (cache("locks") / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
