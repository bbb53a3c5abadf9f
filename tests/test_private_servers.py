"""Private servers: kept for those who come next, and never for longer than that."""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from querynl.connections import connect
from querynl.dialects import dialect_named
from querynl.dialects.throwaway import throwaway_of
from querynl.errors import ConfigInvalid, ScratchFailed, ScratchUnavailable, StatementFailed
from querynl.scratch import open_scratch
from querynl.scratch.kept import kept_server
from querynl.scratch.programs import PROGRAMS, Program
from querynl.scratch.removal import PREFIX
from querynl.sources import SQLTexts, compare
from tests.servers import debian, mariadb
from tests.waiting import comes_true, said

pytestmark = pytest.mark.engines("postgresql", "mariadb")

LONG = "600"


@pytest.fixture(scope="session")
def made_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder for all of these tests, since the first server of a version is slow to make."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def cache(made_before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder of the test's own, with what is slow to make."""
    own = tmp_path / "cache"
    if any(made_before.iterdir()):
        shutil.copytree(made_before, own, copy_function=os.link)
    monkeypatch.setenv("QUERYNL_CACHE_DIR", str(own))
    yield own
    for template in own.glob("scratch/*/template*"):
        kept = made_before / template.relative_to(own)
        if not kept.exists():
            shutil.copytree(template, kept, copy_function=os.link)
    folders = [Path(address.read_text()) for address in own.glob("scratch/*/server")]
    shutil.rmtree(own)
    assert comes_true(lambda: not any(is_alive(folder) for folder in folders))


@pytest.fixture
def program(engine: str) -> Program:
    if engine == "mariadb":
        debian.program("mariadbd", mariadb.PACKAGES)
    return next(found for make in PROGRAMS[engine] if (found := make()) is not None)


def is_alive(folder: Path) -> bool:
    """Whether there is anything of the server in that folder: the folder, or a process."""
    return folder.exists() or bool(processes(folder))


def processes(folder: Path) -> dict[int, str]:
    """The command lines of the processes of a server, its keeper and its guard, by their ids."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    lines = [line.split(maxsplit=2) for line in listed.splitlines() if str(folder) in line]
    return {int(number): command for number, state, command in lines if not state.startswith("Z")}


def kill(folder: Path, part: str) -> None:
    """End a part of the server by a signal that it cannot prepare for."""
    # The guard has a child that waits with it.
    found = min(number for number, command in processes(folder).items() if part_of(command) == part)
    subprocess.run(["kill", "-9", str(found)], check=True)


def part_of(command: str) -> str:
    if "keeper.py" in command:
        return "keeper"
    return "guard" if command.startswith("/bin/sh") else "server"


@contextmanager
def at_work(engine: str, statements: int) -> Iterator[tuple["subprocess.Popen[str]", Path, str]]:
    """A process that has run so many statements of a proof, its server's folder, and its owner's name there."""
    command = [sys.executable, "-m", "tests.scratching", engine, "-", str(statements)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            owner = said(process, "owner ")
            folder = Path(said(process, "folder "))
            if statements:
                said(process, f"ran {statements}")
            yield process, folder if folder.is_dir() else folder.parent, owner
        finally:
            process.kill()


def test_who_comes_next_finds_the_server_running(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYNL_SCRATCH_IDLE", LONG)
    with kept_server(program) as first:
        pass
    with kept_server(program) as second, kept_server(program) as third:
        assert first == second == third
        connect(program.target(first)).close()


def test_a_server_ends_when_nobody_uses_it(program: Program) -> None:
    with kept_server(program) as folder:
        assert {part_of(command) for command in processes(folder).values()} >= {"keeper", "guard", "server"}

    assert comes_true(lambda: not is_alive(folder))


def test_a_server_stays_while_somebody_uses_it(program: Program) -> None:
    with kept_server(program) as folder:
        with kept_server(program):
            pass
        time.sleep(1.5)  # longer than the keeper looks away
        connect(program.target(folder)).close()


def test_processes_that_come_at_once_share_one_server(engine: str, program: Program) -> None:
    command = [sys.executable, "-m", "tests.scratching", engine, "-", "0"]
    several = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    try:
        assert len({said(process, "folder ") for process in several}) == 1
    finally:
        for process in several:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("statements", [0, 1, 4])
def test_a_killed_process_leaves_no_server(engine: str, program: Program, statements: int) -> None:
    with at_work(engine, statements) as (process, folder, _):
        process.kill()
        process.wait()

        assert comes_true(lambda: not is_alive(folder))
    with kept_server(program) as another:
        assert another != folder


def test_a_process_killed_while_the_server_starts_leaves_none(engine: str, program: Program, cache: Path) -> None:
    address = cache / "scratch" / program.version / "server"
    command = [sys.executable, "-m", "tests.scratching", engine, "-", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert comes_true(address.exists)
        process.kill()
    left = Path(address.read_text())

    with kept_server(program) as folder:
        connect(program.target(folder)).close()

    assert comes_true(lambda: not is_alive(left) and not is_alive(folder))


def test_databases_of_a_killed_process_are_removed_by_the_next_who_comes(
    engine: str, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUERYNL_SCRATCH_IDLE", LONG)
    with at_work(engine, 4) as (process, folder, owner), connect(program.target(folder)) as server:
        names = throwaway_of(engine).names.format(start=PREFIX)
        assert [name.rpartition("_")[0] for (name,) in server.rows(names)] == [PREFIX + owner]
        process.kill()
        process.wait()

        def is_gone() -> bool:
            with open_scratch(engine):
                return not server.rows(names)

        assert comes_true(is_gone)


def test_a_role_that_a_schema_makes_is_gone_when_it_is_read_again(
    engine: str, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUERYNL_SCRATCH_IDLE", LONG)
    for _ in range(2):
        with open_scratch(engine) as scratch, scratch.database() as session:
            session.execute("CREATE ROLE reader")
            session.execute("CREATE USER somebody")


@pytest.mark.parametrize("part", ["server", "keeper", "guard"])
def test_whatever_is_killed_nothing_stays_and_the_next_who_comes_has_a_server(
    program: Program, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setenv("QUERYNL_SCRATCH_IDLE", LONG)
    with kept_server(program) as folder:
        kill(folder, part)
    assert comes_true(lambda: not is_alive(folder))

    with kept_server(program) as another:
        assert another != folder
        connect(program.target(another)).close()


def test_a_server_that_was_lost_with_its_machine_is_replaced(program: Program, cache: Path, tmp_path: Path) -> None:
    left = tmp_path / "left"
    (left / "data").mkdir(parents=True)
    address = cache / "scratch" / program.version / "server"
    address.parent.mkdir(parents=True, exist_ok=True)
    address.write_text(str(left))

    with kept_server(program) as folder:
        assert folder != left

    assert not left.exists()


def test_a_server_ends_when_its_cache_is_removed(
    program: Program, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUERYNL_SCRATCH_IDLE", LONG)
    with kept_server(program) as folder:
        shutil.rmtree(cache)
        time.sleep(1.5)  # longer than the keeper looks away
        connect(program.target(folder)).close()

    assert comes_true(lambda: not is_alive(folder))
    cache.mkdir(exist_ok=True)


def test_a_server_ends_when_its_data_is_removed(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYNL_SCRATCH_IDLE", LONG)
    with kept_server(program) as folder:
        shutil.rmtree(folder / "data")

        assert comes_true(lambda: not is_alive(folder))


def test_a_server_that_ends_in_the_middle_is_told(engine: str, program: Program) -> None:
    with open_scratch(engine) as scratch, scratch.database() as session, kept_server(program) as folder:
        kill(folder, "server")
        assert comes_true(lambda: not is_alive(folder))

        with pytest.raises(ScratchFailed, match="is gone"):
            session.rows("SELECT 1")

    with open_scratch(engine) as scratch, scratch.database() as session:
        assert session.rows("SELECT 1") == [(1,)]


def test_a_server_that_does_not_start_says_why(program: Program, cache: Path) -> None:
    broken = replace(program, serve=lambda _: ["/bin/sh", "-c", "echo out of order; exit 1"])

    with pytest.raises(ScratchUnavailable, match="out of order"), kept_server(broken):
        pass

    assert not Path((cache / "scratch" / program.version / "server").read_text()).exists()


@pytest.mark.parametrize("text", ["soon", "-1", "inf", "nan"])
def test_no_number_of_seconds_is_told(program: Program, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("QUERYNL_SCRATCH_IDLE", text)

    with pytest.raises(ConfigInvalid, match=f"no number of seconds: {text}"), kept_server(program):
        pass


@pytest.mark.engines("postgresql")
def test_a_disk_that_is_full_is_told_and_the_server_goes_on(program: Program) -> None:
    texts = SQLTexts(
        texts={Path("t.sql"): "CREATE TABLE t AS SELECT repeat('x', 200) FROM generate_series(1, 300000)"}, origin="t"
    )
    with smaller_files(32 * 1024 * 1024 + 4096), kept_server(program) as folder:
        with pytest.raises(ScratchFailed, match="has no room left: could not extend file"):
            compare(texts, texts, dialect_named("postgresql"), lambda: open_scratch("postgresql"))
        with connect(program.target(folder)) as server:
            assert server.rows(throwaway_of("postgresql").names.format(start=PREFIX)) == []


@pytest.mark.engines("postgresql")
def test_a_transaction_that_locks_too_much_is_told_what_to_do(program: Program) -> None:
    script = "SELECT pg_advisory_xact_lock(number) FROM generate_series(1, 200000) number"
    advice = "raise max_locks_per_transaction .* or divide the change among several migrations"
    with kept_server(program) as folder, connect(program.target(folder)) as session:
        with pytest.raises(StatementFailed, match="out of shared memory") as failure:
            session.execute(script)
        assert re.search(advice, failure.value.remedy or "")
    told = pytest.raises(ScratchFailed, match=advice)
    with open_scratch("postgresql") as scratch, scratch.database() as throwaway, told:
        throwaway.execute(script)


def test_a_disk_too_full_for_a_server_is_told_and_nothing_stays(program: Program, cache: Path) -> None:
    with kept_server(program):
        pass  # only a copy is to be made
    address = cache / "scratch" / program.version / "server"
    first = Path(address.read_text())
    assert comes_true(lambda: not is_alive(first))

    with smaller_files(4096), pytest.raises(ScratchUnavailable, match="could not be set up"), kept_server(program):
        pass

    assert not Path(address.read_text()).exists()


@contextmanager
def smaller_files(limit: int) -> Iterator[None]:
    """No file may grow beyond so many bytes, in this process and those it starts, as if the disk were full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
