"""The Python code of a person's project, run by us: where it is imported from, where it prints, and where it fails."""

from __future__ import annotations

import sys
import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

# Where an error passes through on its way from the project's own code.
_ELSEWHERE = tuple(
    Path(folder).resolve()
    for folder in {sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {str(Path(__file__).parent)}
)


@contextmanager
def at_home(folders: Sequence[Path] = ()) -> Iterator[None]:
    """In the block the working folder, and the given ones, are importable; what code prints goes to standard error."""
    paths = [path for folder in (*folders, Path()) if (path := str(folder.resolve())) not in sys.path]
    sys.path[:0] = paths
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        for path in paths:
            if path in sys.path:  # the project's code may have changed it, too
                sys.path.remove(path)


def place_of(error: BaseException) -> str | None:
    """The file and line of the project's own code that an error came from; None where no such code was reached."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_told(Path(error.filename))}, line {error.lineno}"
    frames = reversed(traceback.extract_tb(error.__traceback__))
    own = next((frame for frame in frames if _is_own(frame.filename)), None)
    return None if own is None else f"{_told(Path(own.filename))}, line {own.lineno}"


def _is_own(file: str) -> bool:
    path = Path(file)
    return path.is_file() and not any(path.resolve().is_relative_to(folder) for folder in _ELSEWHERE)


def _told(path: Path) -> Path:
    """The path as seen from the working folder, where it lies below that."""
    here = Path.cwd()
    return path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path
