"""Locks the development dependencies: installs the newest that pyproject.toml allows into a clean environment
and writes their exact versions."""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
HEADER = """\
# The versions that development, `make test` and continuous integration use.
# Written by `make lock` from pyproject.toml; not edited by hand.
"""


def newest_versions() -> list[str]:
    """The `name==version` of every package that the `dev` extra brings in, QueryNL itself left out."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        pip = [str(Path(folder, "bin", "python")), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", f"{PROJECT}[dev]"], check=True)
        freeze = subprocess.run([*pip, "freeze", "--exclude", "querynl"], check=True, stdout=subprocess.PIPE, text=True)
    return sorted(freeze.stdout.splitlines(), key=str.lower)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(HEADER + "\n".join(newest_versions()) + "\n")
