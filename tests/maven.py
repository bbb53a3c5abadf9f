"""Real Flyway: its libraries fetched once by Maven into the user's cache, run with the machine's Java."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.caches import alone, cache
from tests.servers import debian

POM = Path(__file__).with_name("flyway") / "pom.xml"

# By its full name: when only `dependency:` is asked for, Maven does not say that it could not reach the registry.
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"

# What Maven and Java say when no answer came from the registry; any other failure is one.
UNREACHABLE = re.compile(
    r"Unknown host|Temporary failure in name resolution|Network is unreachable|No route to host"
    r"|Connection refused|[Cc]onnect(ion)? timed out|Read timed out|Connection reset"
)

JAVA_OPTIONS = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]


def flyway(url: str, folder: Path, command: str, *extra: str) -> subprocess.CompletedProcess[str]:
    """Runs one Flyway command on the migrations in `folder`; `extra` are options such as `-target=2`.

    `url` is the database's URL as QueryNL takes it. The exit status is the caller's to check. Skips the test, with the
    reason, only if the libraries are not in the cache and the Maven registry cannot be reached.
    """
    java = debian.program("java", ["default-jre-headless"])
    classpath = str(_libraries() / "*")
    options = [f"-{name}={value}" for name, value in _login(url).items()]
    return subprocess.run(
        [
            *(java, *JAVA_OPTIONS, f"-Duser.home={folder}", "-cp", classpath, "org.flywaydb.commandline.Main"),
            *(*options, f"-locations=filesystem:{folder}", "-color=never", "-skipCheckForUpdate", *extra, command),
        ],
        check=False,
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("FLYWAY_")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _login(url: str) -> dict[str, str]:
    """Flyway's options for a database's URL."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {"url": f"jdbc:sqlite:{unquote(parts.path[1:])}"}
    query = "?allowPublicKeyRetrieval=true" if parts.scheme == "mysql" else ""
    return {
        "url": f"jdbc:{parts.scheme}://{parts.hostname}:{parts.port}{parts.path}{query}",
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
    }


def _libraries() -> Path:
    """The folder with Flyway's libraries, fetched first if this version of the list was not yet."""
    libraries = cache("flyway") / hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    with alone("flyway"):
        if not libraries.exists():
            _fetch(libraries)
    return libraries


def _fetch(libraries: Path) -> None:
    maven = debian.program("mvn", ["maven"])
    partial = libraries.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    done = subprocess.run(
        [
            *(maven, "--batch-mode", "--quiet", "--update-snapshots", "--file", str(POM)),
            *(COPY, "-DincludeScope=runtime", f"-DoutputDirectory={partial}"),
        ],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        unreachable = UNREACHABLE.search(done.stdout)
        if unreachable:
            pytest.skip(f"the Maven registry cannot be reached: {unreachable[0]}")
        pytest.fail(f"Maven could not fetch Flyway:\n{done.stdout[-4000:]}", pytrace=False)
    partial.rename(libraries)
