"""Fixtures that every test may use: engines, fresh databases, and folders of the test's own."""

import argparse
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from tests.engines import ENGINES, Database, Databases
from tests.migrating import Project
from tests.servers import Servers, ServerUnavailable

SERVERS = pytest.StashKey[Servers]()

# Settings of the person who runs the tests that would change what is tested.
PERSONAL_VARIABLES = ("ALEMBIC_", "COLUMNS", "DATABASE_URL", "FLYWAY_", "FORCE_COLOR", "NO_COLOR", "PG", "QUERYNL_")

# The servers' speed is nobody's promise.
hypothesis.settings.register_profile("querynl", deadline=None, print_blob=True)
hypothesis.settings.load_profile("querynl")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engines",
        type=_engine_names,
        default=ENGINES,
        metavar="NAME,...",
        help=f"run on these engines only (default: {','.join(ENGINES)}; one that is missing is then a failure)",
    )
    parser.addoption("--update", action="store_true", help="rewrite what golden cases expect; read the diff")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SERVERS] = Servers()
    # A shell that runs the tests in the background makes them deaf to Ctrl-C, and so every command they start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Starts the servers before pytest-xdist's workers, who inherit their URLs; a single process starts lazily."""
    config = session.config
    distributes = config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")
    if distributes:
        try:
            config.stash[SERVERS].urls(config.getoption("--engines"))
        except ServerUnavailable as failure:
            pytest.exit(str(failure), returncode=pytest.ExitCode.TESTS_FAILED)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[SERVERS].stop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs a test that uses `engine` once on each wanted engine that its `engines` mark names."""
    if "engine" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("engines")
    named = ENGINES if mark is None else mark.args
    metafunc.parametrize("engine", [name for name in metafunc.config.getoption("--engines") if name in named])


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Makes further databases, on any wanted engine; usable with Hypothesis, which wants one for each example."""
    servers = request.config.stash[SERVERS]
    wanted = request.config.getoption("--engines")

    def server_url(engine: str) -> str:
        if engine not in wanted:
            pytest.skip(f"--engines leaves {engine} out")
        try:
            return servers.url(engine)
        except ServerUnavailable as failure:
            pytest.fail(str(failure), pytrace=False)

    return Databases(server_url, tmp_path_factory.mktemp("databases"))


@pytest.fixture
def database(engine: str, databases: Databases) -> Iterator[Database]:
    """A fresh, empty database on the test's `engine`."""
    with databases.temporary(engine) as fresh:
        yield fresh


@pytest.fixture
def project(database: Database, tmp_path: Path) -> Project:
    """The test's database with a folder for its migrations, which is not there yet."""
    return Project(database, tmp_path / "migrations")


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps a test away from the settings, data, cache and keyring of the person who runs it."""
    for name in list(os.environ):
        if name.startswith(PERSONAL_VARIABLES) and not name.startswith("QUERYNL_TEST_"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"{NoKeyring.__module__}.{NoKeyring.__qualname__}")
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
        monkeypatch.setenv(f"QUERYNL_{kind}_DIR", str(home / kind.lower() / "querynl"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    # A private server that a test starts ends with the test.
    monkeypatch.setenv("QUERYNL_SCRATCH_IDLE", "0")


def _engine_names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if name not in ENGINES:
            raise argparse.ArgumentTypeError(f"no engine {name!r}; there are {', '.join(ENGINES)}")
    return names
