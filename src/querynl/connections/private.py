"""Files only their owner may read: written whole or not at all, one writer at a time."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from querynl.errors import ConfigInvalid

if sys.platform != "win32":
    import fcntl


def make_private_folder(folder: Path) -> None:
    """Create the folder and those it is in with mode 700; one that is there keeps its mode."""
    try:
        for each in (*reversed(folder.parents), folder):
            each.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigInvalid(
            f"The folder cannot be created: {error.strerror}.",
            where=str(folder),
            remedy="Choose others with QUERYNL_CONFIG_DIR, QUERYNL_DATA_DIR and QUERYNL_CACHE_DIR.",
        ) from error


def write_private(file: Path, text: str) -> None:
    """Replace the file's content in one step, with mode 600; a crash leaves the old content."""
    make_private_folder(file.parent)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with open(temporary, "w", encoding="utf-8", newline="", opener=_open_private) as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, file)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise ConfigInvalid(f"The file cannot be written: {error.strerror}.", where=str(file)) from error


@contextmanager
def one_writer(file: Path) -> Iterator[None]:
    """Let one process at a time read, change and write the file; the lock ends with its process."""
    make_private_folder(file.parent)
    with open(file.with_name(f".{file.name}.lock"), "w", opener=_open_private) as lock:
        if sys.platform != "win32":
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
