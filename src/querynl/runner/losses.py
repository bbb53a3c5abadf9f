"""What the statements of a script take away, told from their words: for scripts that no plan stands behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from querynl.schema import Name


class DroppedTable(Struct, frozen=True):
    """A table that goes with its rows."""

    table: Name


class DroppedColumn(Struct, frozen=True):
    """A column that goes with its values."""

    table: Name
    column: str


class DeletedRows(Struct, frozen=True):
    """A table of which rows go, all or some."""

    table: Name


class DroppedWhole(Struct, frozen=True):
    """What goes with all that is in it, or all that uses it: `what` are the words of the statement that say so."""

    what: str


class RenamedTable(Struct, frozen=True):
    """A table that has another name for the statements after this one."""

    before: Name
    after: Name


Loss = DroppedTable | DroppedColumn | DeletedRows | DroppedWhole | RenamedTable

# What statements that may take something away begin with.
_TAKING_AWAY = frozenset(("ALTER", "DELETE", "DROP", "RENAME", "TRUNCATE", "WITH"))
# What else than a column ALTER TABLE drops; `DROP COLUMN` may be told by its name alone.
_NO_COLUMNS = frozenset((
    "CHECK", "CONSTRAINT", "DEFAULT", "EXPRESSION", "FOREIGN", "IDENTITY", "INDEX", "KEY", "NOT", "PERIOD", "PRIMARY",
    "SYSTEM",
))  # fmt: skip
# What takes columns or tables with it where CASCADE is said.
_TAKING_ALONG = frozenset(("DOMAIN", "EXTENSION", "SCHEMA", "TYPE"))
_QUOTES = {'"': '"', "`": "`", "[": "]"}


def losses(tokens: Iterable[str], *, has_namespaces: bool) -> Iterator[Loss]:
    """What a statement of these words, literals and signs takes away, or calls by another name.

    No more of them are read than it takes to tell that this is nothing.

    What it has others do, such as a routine that it calls, is not looked at. Where a database holds no namespaces,
    dropping a schema drops a database.
    """
    left = iter(tokens)
    first = next(left, "").upper()
    if first not in _TAKING_AWAY:
        return
    words = _Words(list(left))
    match first:
        case "DROP":
            yield from _dropped(words, has_namespaces)
        case "TRUNCATE":
            words.skip("TABLE", "ONLY")
            yield from map(DeletedRows, words.tables())
        case "ALTER":
            words.skip("ONLINE", "IGNORE")
            if words.takes("TABLE"):
                yield from _altered(words)
        case "RENAME":
            if words.takes("TABLE") or words.takes("TABLES"):
                yield from _renamed(words)
        case _:
            if first == "WITH":
                words.go_to("DELETE")
            if words.go_to("FROM"):
                words.skip("ONLY")
                yield from map(DeletedRows, words.tables())


def _dropped(words: _Words, has_namespaces: bool) -> Iterator[Loss]:
    kind = words.next()
    if kind in ("TABLE", "TABLES"):
        words.skip("IF", "EXISTS")
        yield from map(DroppedTable, words.tables())
        return
    whole = kind in ("DATABASE", "OWNED") or (kind == "SCHEMA" and not has_namespaces)
    if whole or (kind in _TAKING_ALONG and words.ends_with("CASCADE")):
        yield DroppedWhole(f"DROP {words.text()}")


def _altered(words: _Words) -> Iterator[Loss]:
    words.skip("IF", "EXISTS", "ONLY")
    table = words.table()
    while not words.at_end:
        if words.takes("DROP") or words.takes("TRUNCATE"):
            is_column = words.takes("COLUMN")
            if words.takes("PARTITION"):
                yield DeletedRows(table)
            elif is_column or not words.is_at(_NO_COLUMNS):
                words.skip("IF", "EXISTS")
                yield DroppedColumn(table, words.name())
        elif words.takes("RENAME") and (words.takes("TO") or words.takes("AS")):
            yield RenamedTable(table, Name(table.namespace, words.table().name))
        words.skip_action()


def _renamed(words: _Words) -> Iterator[Loss]:
    words.skip("IF", "EXISTS")
    while not words.at_end:
        before = words.table()
        if words.takes("TO"):
            yield RenamedTable(before, words.table())
        words.skip_action()


class _Words:
    """A statement's tokens, read from the first to the last."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._tokens)

    def next(self) -> str:
        """The next token in capitals, which is read with this; empty at the end."""
        self._at += 1
        return self._tokens[self._at - 1].upper() if self._at <= len(self._tokens) else ""

    def is_at(self, words: frozenset[str]) -> bool:
        return not self.at_end and self._tokens[self._at].upper() in words

    def takes(self, word: str) -> bool:
        """Whether that is the next token, which is read then."""
        found = self.is_at(frozenset((word,)))
        self._at += found
        return found

    def skip(self, *words: str) -> None:
        """Read over these where they stand next, in this order."""
        for word in words:
            self.takes(word)

    def skip_action(self) -> None:
        """Read on until after the next comma that is in no brackets, or to the end."""
        depth = 0
        while not self.at_end:
            token = self.next()
            depth += (token == "(") - (token == ")")
            if token == "," and not depth:
                return

    def go_to(self, word: str) -> bool:
        """Read on until after that word; False where there is none left."""
        while not self.at_end:
            if self.next() == word:
                return True
        return False

    def ends_with(self, word: str) -> bool:
        return self._tokens[-1].upper() == word

    def name(self) -> str:
        """The next token as a name, without its quotes; it is read."""
        self._at += 1
        token = self._tokens[self._at - 1] if self._at <= len(self._tokens) else ""
        close = _QUOTES.get(token[:1])
        return token[1:-1].replace(close * 2, close) if close else token

    def table(self) -> Name:
        """The name of a table that stands next, with its namespace where there is one; it is read."""
        parts = [self.name()]
        while self.takes("."):
            parts.append(self.name())
        self.takes("*")
        return Name(parts[-2] if len(parts) > 1 else None, parts[-1])

    def tables(self) -> Iterator[Name]:
        """The names of tables that stand next, between commas."""
        if not self.at_end:
            yield self.table()
        while self.takes(","):
            yield self.table()

    def text(self) -> str:
        return " ".join(self._tokens)
