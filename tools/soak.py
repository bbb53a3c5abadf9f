"""`make soak`: the laws on as many random pairs of schemas as one likes, for hours if need be.

Pairs are tried in chunks, each drawn from the seed and its number alone. A file in the folder remembers the chunks
that held, so that a second call goes on where the first one ended, however that came about. Of a chunk that did not,
the failing pair is made small and written down as a golden case.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, Phase, given, seed, settings
from msgspec import Struct

from querynl.dialects import Dialect, Statement, dialect_named
from querynl.proof import Proof
from tests.engines import ENGINES, Databases
from tests.laws.engines import VOCABULARIES
from tests.laws.laws import assert_pair_migrates, assert_schema_round_trips
from tests.laws.reduction import reduced
from tests.laws.rooms import Room
from tests.laws.sketch import Pair, pairs
from tests.servers import variable
from tools.soaking import status_of

CHUNK = 50
REDUCTION_SECONDS = 60
FOLDER = Path("build/soak")


class Outcome(Struct):
    """What became of one chunk.

    `proved` counts the pairs with a proof, `seeded` those of them with rows in it, `refused` those that the plan
    refuses with a reason. `failure` is the file of a pair that broke a law.
    """

    chunk: int
    proved: int = 0
    seeded: int = 0
    refused: int = 0
    rows: int = 0
    failure: str | None = None


class Record(Struct):
    """What is known of one run: the outcome of each chunk by its number."""

    engine: str
    seed: int
    outcomes: dict[int, Outcome] = msgspec.field(default_factory=dict)

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.engine}-{self.seed}.json"

    def save(self) -> None:
        """Replace the file at once, so that no crash leaves half of one."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".new")
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(self)))
        beside.replace(self.path)

    def missing(self, chunks: int) -> list[int]:
        """The chunks that are still to be tried, or to be tried again."""
        held = {number for number, outcome in self.outcomes.items() if outcome.failure is None}
        return [number for number in range(chunks) if number not in held]

    def total(self, field: str) -> int:
        return sum(getattr(outcome, field) for outcome in self.outcomes.values())


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns 0 where every law held, 1 where one was broken, 130 after Ctrl-C."""
    options = _options(arguments)
    return status_of(
        lambda: _held(options), options.engine, interrupted="Interrupted; the same command goes on from here."
    )


def _held(options: argparse.Namespace) -> bool:
    broken = False
    for engine in options.engine:
        record = _record(engine, options)
        chunks = [options.chunk] if options.chunk is not None else record.missing(-(-options.pairs // CHUNK))
        _run(record, chunks, options)
        broken = _summed_up(record) or broken
    return not broken


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.soak", description="Try the laws on random pairs of schemas."
    )
    parser.add_argument("--engine", type=lambda text: text.split(","), default=list(ENGINES), metavar="NAME,...")
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--seed", type=int, help="the default goes on with the latest run of that engine")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 4))
    parser.add_argument("--chunk", type=int, help="this chunk alone, whether or not it held before")
    options = parser.parse_args(arguments)
    for engine in options.engine:
        if engine not in ENGINES:
            parser.error(f"no engine {engine!r}; there are {', '.join(ENGINES)}")
    return options


def _record(engine: str, options: argparse.Namespace) -> Record:
    """The record of that seed, or without one that of the latest run which is not at its end; else a new one."""
    chunks = -(-options.pairs // CHUNK)
    for path in sorted(FOLDER.glob(f"{engine}-*.json"), key=lambda path: path.stat().st_mtime, reverse=True):
        found = msgspec.json.decode(path.read_bytes(), type=Record)
        if found.seed == options.seed or (options.seed is None and found.missing(chunks)):
            return found
    return Record(engine, random.randrange(10**6) if options.seed is None else options.seed)


def _run(record: Record, chunks: Sequence[int], options: argparse.Namespace) -> None:
    print(f"{record.engine}: seed {record.seed}, {len(chunks) * CHUNK} pairs to try", flush=True)
    began, tried = time.monotonic(), 0
    # Forked processes would share the sessions of this one.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context) as workers:
        waiting = [workers.submit(_outcome, record.engine, record.seed, number) for number in chunks]
        try:
            for done in as_completed(waiting):
                outcome = done.result()
                record.outcomes[outcome.chunk] = outcome
                record.save()
                tried += CHUNK
                rate = tried / (time.monotonic() - began)
                print(f"{record.engine}: {tried} of {len(chunks) * CHUNK}, {rate:.1f} pairs/s", flush=True)
                if outcome.failure:
                    print(f"  chunk {outcome.chunk} broke a law: {outcome.failure}", flush=True)
        except KeyboardInterrupt:
            workers.shutdown(wait=True, cancel_futures=True)
            raise


def _summed_up(record: Record) -> bool:
    """Say what came of all chunks of the seed so far; whether some law was broken."""
    failures = [outcome for outcome in record.outcomes.values() if outcome.failure]
    print(
        f"{record.engine}: seed {record.seed}: {len(record.outcomes) * CHUNK} pairs, {record.total('proved')} proved"
        f" ({record.total('seeded')} of them with rows, {record.total('rows')} in all),"
        f" {record.total('refused')} refused, {len(failures)} chunks with a failure"
    )
    for outcome in sorted(failures, key=lambda outcome: outcome.chunk):
        again = f"python -m tools.soak --engine {record.engine} --seed {record.seed} --chunk {outcome.chunk}"
        print(f"  {outcome.failure}\n    again: {again}")
    return bool(failures)


# ------------------------------------------------------------------------------------------ one chunk


def _outcome(engine: str, run: int, number: int) -> Outcome:
    """Try the pairs of one chunk; its databases are its own."""
    outcome = Outcome(number)
    broken: list[tuple[Pair, Exception]] = []
    with Room(engine, Databases(lambda name: os.environ[variable(name)], FOLDER)) as room:
        live = room.live
        dialect = dialect_named(live.dialect, live.version)
        vocabulary = VOCABULARIES[engine]

        def attempt(pair: Pair) -> Proof | None:
            try:
                proof = assert_pair_migrates(pair, room)
                assert_schema_round_trips(pair.after, room)
            except Exception:
                room.leave()
                raise
            return proof

        def count(pair: Pair) -> None:
            try:
                proof = attempt(pair)
            except Exception as error:
                broken.append((pair, error))
                raise
            outcome.proved += proof is not None
            outcome.refused += proof is None
            outcome.seeded += proof is not None and proof.rows > 0
            outcome.rows += proof.rows if proof is not None else 0

        options = settings(
            max_examples=CHUNK,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            # A drawn pair is made smaller by what it is, not by the choices that led to it.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        try:
            options(seed(_mixed(run, number))(given(pairs(dialect, vocabulary))(count)))()
        except Exception:
            if not broken:
                raise
            pair, error = reduced(*broken[0], attempt, seconds=REDUCTION_SECONDS)
            path = FOLDER / "failures" / f"{engine}-{run}-{number}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(case_of(pair, error, dialect), encoding="utf-8")
            outcome.failure = str(path)
    return outcome


def _mixed(run: int, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{run}:{number}".encode()).digest()[:8])


def case_of(pair: Pair, error: Exception, dialect: Dialect) -> str:
    """A failing pair as a golden case, with the failure at its end."""
    first = re.sub(r"\s+", " ", str(error)).strip()
    return "\n".join(_lines(pair, f"{type(error).__name__}: {first}"[:100], str(error), dialect))


def _lines(pair: Pair, title: str, error: str, dialect: Dialect) -> Iterator[str]:
    yield f"# {title}"
    yield ""
    yield f"engines: {dialect.name}"
    yield from (f"rename: {rename}" for rename in pair.renames)
    yield ""
    for side, script in (("before", pair.before.script), ("after", pair.after.script)):
        yield f"```sql {side}"
        yield dialect.script([Statement(sql) for sql in script]).rstrip()
        yield "```"
    yield "```text"
    yield error
    yield "```"
    yield ""


if __name__ == "__main__":
    sys.exit(main())
