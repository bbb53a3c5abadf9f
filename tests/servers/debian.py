"""Debian's packages for what the tests need from the system: installed when root, otherwise asked for by name."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from tests.caches import alone


class PackageMissing(Exception):
    """A program is not installed and cannot be installed from here; the message gives the one command."""


def program(name: str, packages: Sequence[str]) -> str:
    """The path of a program, installed from Debian's `packages` first when it is missing and we are root."""
    with alone("packages"):
        if _find(name) is None:
            _install(name, packages)
    found = _find(name)
    if found is None:
        raise PackageMissing(f"{name} is still missing after installing {', '.join(packages)}")
    return found


def _find(name: str) -> str | None:
    # Servers live in sbin, which a person's PATH leaves out.
    return shutil.which(name) or shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin")


def _install(name: str, packages: Sequence[str]) -> None:
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise PackageMissing(f"{name} is not installed. On Debian, run: sudo {' '.join(install)}")
    # The machine may be updating itself.
    wait = "--option=DPkg::Lock::Timeout=300"
    # A fresh image has no package lists, and an older one names packages that are gone.
    for command in (["apt-get", "update"], [*install, wait]):
        done = subprocess.run(
            command,
            check=False,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise PackageMissing(f"{name}: {' '.join(command)} failed:\n{done.stdout[-2000:]}")
