"""Statements of several files, run in an order in which each finds what it needs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from querynl.connections import Connection
from querynl.dialects import Dialect, Statement
from querynl.errors import SQLFileInvalid, StatementFailed
from querynl.formats.transactions import bare, controls_transaction

_WORD = re.compile(r"\w+")
_CREATED = re.compile(
    r"\bcreate\s+(?:(?!trigger|index|rule|policy|event)[\w=@`'%.]+\s+){0,5}?"
    r"(?:table|view|type|domain|sequence|function|procedure|aggregate|schema|extension|collation)"
    r'\s+(?:if\s+not\s+exists\s+)?((?:[\w$]+|"[^"]+"|`[^`]+`|\[[^\]]+\])(?:\s*\.\s*(?:[\w$]+|"[^"]+"|`[^`]+`))*)',
    re.I,
)
# A setting of the session, up to its value.
_SETTING = re.compile(
    r"(?:set\b[^=]*?(?==|\bto\b|$)|use\b|pragma\s+[\w.]+|select\s+(?:pg_catalog\.)?set_config\s*\([^,]*)", re.I
)
# Each round runs in the order of need; more of them are for what names do not tell.
_ROUNDS = 20


# Statements by what they set; of two that set the same, the later.
_Settings = dict[str, Statement]


class _Part(Struct, frozen=True):
    """Statements of a file that are still to be run, and the settings of the session that stand before the first."""

    path: Path
    text: str
    statements: Sequence[Statement]
    settings: _Settings


class _Stopped(Struct, frozen=True):
    """What is left of a part, and why its first statement was refused."""

    rest: _Part
    error: StatementFailed


def load(texts: dict[Path, str], connection: Connection, dialect: Dialect) -> tuple[Path, ...]:
    """Run the statements of SQL files on an empty database, each file in its own order, whatever order they are in.

    A file that needs what is not there yet goes on when others have run; only where files wait for each other in a
    circle does a later statement of a file overtake an earlier one. Settings of the session hold for what follows
    them, as if the files were one script. What begins and ends transactions is left out.

    Returns the files of such a circle, whose order was found by trying. Raises SQLFileInvalid for the first statement
    that is refused, or that never finds what it needs.
    """
    loader = _Loader(connection, dialect)
    circle = stopped = _rounds(list(_files(texts, dialect)), loader.run)
    if stopped:
        stopped = _rounds([part for stop in stopped for part in _one_by_one(stop.rest)], loader.run)
    if stopped:
        raise refused(stopped[0].rest.path, stopped[0].rest.text, stopped[0].error, connection)
    return tuple(stop.rest.path for stop in circle)


def _files(texts: dict[Path, str], dialect: Dialect) -> Iterator[_Part]:
    settings: _Settings = {}
    for path, text in texts.items():
        part = _Part(path, text, [found for found in dialect.split(text) if not controls_transaction(found)], settings)
        yield part
        settings = _joined(settings, _set_by(part.statements))


def _set_by(statements: Iterable[Statement]) -> _Settings:
    found = ((_SETTING.match(bare(statement.sql)), statement) for statement in statements)
    return {" ".join(match[0].lower().split()): statement for match, statement in found if match is not None}


def _joined(settings: _Settings, later: _Settings) -> _Settings:
    """The settings in the order in which they were last made."""
    return {**{name: made for name, made in settings.items() if name not in later}, **later} if later else settings


def refused(path: Path, text: str, error: StatementFailed, connection: Connection) -> SQLFileInvalid:
    """The error for a statement of a file that the engine refused: the file, the line and the statement."""
    statement = bare(error.sql)
    line = text[: max(text.find(statement), 0)].count("\n") + 1
    first = " ".join(statement.split())[:80]
    return SQLFileInvalid(
        f"{connection.dialect} {connection.version} refused this: {error.what}",
        where=f"{path}, line {line}: {first}",
        remedy="Correct the statement, or choose the engine it is written for with --dialect.",
    )


class _Loader:
    """Runs parts of files, each with the settings that stand before it."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect
        self._settings: _Settings = {}

    def run(self, part: _Part) -> _Stopped | None:
        """None once all has run; else what is left, if it is left for want of something."""
        self._set(part)
        for number, statement in enumerate(part.statements):
            try:
                self._connection.execute(statement.sql)
            except StatementFailed as error:
                if not self._dialect.lacks_something(error):
                    raise refused(part.path, part.text, error, self._connection) from None
                return _Stopped(replace(part, statements=part.statements[number:], settings=self._settings), error)
            self._settings = _joined(self._settings, _set_by([statement]))
        return None

    def _set(self, part: _Part) -> None:
        """Make the settings that the part is to be run with, where others hold."""
        if part.settings == self._settings:
            return
        if self._dialect.session_reset is not None:
            self._connection.execute(self._dialect.session_reset)
        for setting in part.settings.values():
            self._connection.execute(setting.sql)
        self._settings = part.settings


def _rounds(parts: Sequence[_Part], run: Callable[[_Part], _Stopped | None]) -> list[_Stopped]:
    """What of the parts cannot be run, however often it is tried after the others."""
    stopped = [stop for part in parts if (stop := run(part)) is not None]
    left = sum(len(part.statements) for part in parts)
    for _ in range(_ROUNDS):
        before, left = left, sum(len(stop.rest.statements) for stop in stopped)
        if left in (0, before):
            break
        stopped = [stop for part in _by_need([stop.rest for stop in stopped]) if (stop := run(part)) is not None]
    return stopped


def _one_by_one(part: _Part) -> Iterator[_Part]:
    settings = part.settings
    for statement in part.statements:
        set_here = _set_by([statement])
        settings = _joined(settings, set_here)
        if not set_here:
            yield replace(part, statements=(statement,), settings=settings)


def _by_need(parts: Sequence[_Part]) -> list[_Part]:
    """The parts, each after those that create what its words name, as far as there is no circle."""
    texts = ["\n".join(statement.sql for statement in part.statements) for part in parts]
    makers: dict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        for created in _CREATED.findall(text):
            makers[_WORD.findall(created.lower())[-1]].append(number)
    needs = [
        sorted({maker for word in set(_WORD.findall(text.lower())) for maker in makers.get(word, ())} - {number})
        for number, text in enumerate(texts)
    ]
    return [parts[number] for number in _depth_first(range(len(parts)), needs)]


def _depth_first(numbers: Iterable[int], needs: Sequence[Sequence[int]]) -> Iterator[int]:
    """The numbers, each after those it needs; what needs itself in a circle comes where the circle is entered."""
    seen: set[int] = set()
    for start in numbers:
        waiting = [(start, iter(needs[start]))] if start not in seen else []
        seen.add(start)
        while waiting:
            number, rest = waiting[-1]
            need = next((found for found in rest if found not in seen), None)
            if need is None:
                waiting.pop()
                yield number
            else:
                seen.add(need)
                waiting.append((need, iter(needs[need])))
