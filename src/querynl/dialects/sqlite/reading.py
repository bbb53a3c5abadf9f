"""Reads what SQLite keeps only as text: the clauses of a stored CREATE statement, word by word.

The grammar is https://www.sqlite.org/lang_createtable.html; the texts are those of `sqlite_schema`, which
SQLite has accepted, so nothing is checked again.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from querynl.dialects.sqlite.names import folded, raised
from querynl.dialects.sqlite.words import Word, bare, closing, joined, split_at_commas, words


class KeyText(Struct):
    """A PRIMARY KEY or UNIQUE clause."""

    columns: tuple[str, ...]
    name: str | None
    on_conflict: str | None = None
    autoincrement: bool = False


class CheckText(Struct):
    expression: str
    name: str | None
    on_conflict: str | None = None


class ForeignKeyText(Struct):
    name: str | None
    deferrable: bool = False
    initially_deferred: bool = False


class ColumnText(Struct):
    collation: str | None = None
    generated: str | None = None
    not_null_name: str | None = None
    not_null_conflict: str | None = None


class TableText(Struct):
    """What a CREATE TABLE statement says beyond the catalog; columns by their folded names."""

    columns: dict[str, ColumnText] = {}
    primary_key: KeyText | None = None
    uniques: list[KeyText] = []
    checks: list[CheckText] = []
    foreign_keys: list[ForeignKeyText] = []
    strict: bool = False
    without_rowid: bool = False


class IndexTerm(Struct):
    """One key of an index as it is written."""

    expression: str
    collation: str | None


class IndexText(Struct):
    terms: list[IndexTerm]
    where: str | None


def read_table(sql: str) -> TableText:
    """The clauses of a CREATE TABLE statement."""
    found = words(sql)
    opening = next(number for number, word in enumerate(found) if word.keyword == "(")
    end = closing(found, opening)
    table = TableText()
    for part in split_at_commas(found[opening + 1 : end]):
        _ClauseReader(part, table).read()
    options = [raised(joined(option)) for option in split_at_commas(found[end + 1 :])]
    table.strict = "STRICT" in options
    table.without_rowid = "WITHOUT ROWID" in options
    return table


def read_index(sql: str) -> IndexText:
    """The keys and the condition of a CREATE INDEX statement."""
    found = words(sql)
    opening = next(number for number, word in enumerate(found) if word.keyword == "(")
    end = closing(found, opening)
    terms = [_read_term(term) for term in split_at_commas(found[opening + 1 : end])]
    where = bare(found[end + 2 :]) if len(found) > end + 1 else None
    return IndexText(terms, where)


def _read_term(term: list[Word]) -> IndexTerm:
    if term[-1].keyword == "ASC" or term[-1].keyword == "DESC":
        term = term[:-1]
    if len(term) > 2 and term[-2].keyword == "COLLATE":
        return IndexTerm(joined(term[:-2]), raised(term[-1].text))
    return IndexTerm(joined(term), None)


def read_view(sql: str) -> tuple[tuple[str, ...], str]:
    """The columns that a CREATE VIEW statement names, if it does, and its query, as it is written."""
    found = words(sql)
    after_name = 3
    columns: tuple[str, ...] = ()
    if found[after_name].keyword == "(":
        end = closing(found, after_name)
        columns = tuple(part[0].text for part in split_at_commas(found[after_name + 1 : end]))
        after_name = end + 1
    return columns, sql[found[after_name].end :].strip()


def read_virtual_table(sql: str) -> str:
    """What a CREATE VIRTUAL TABLE statement says after USING: the module and its arguments, as they are written."""
    return sql[words(sql)[4].end :].strip()


class _ClauseReader:
    """Reads one column definition or table constraint into a TableText."""

    def __init__(self, part: Sequence[Word], table: TableText) -> None:
        self._words = part
        self._at = 0
        self._table = table
        self._column: str | None = None
        self._name: str | None = None

    def read(self) -> None:
        if self._words[0].keyword not in ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"):
            self._column = self._words[0].text
            self._table.columns[folded(self._column)] = ColumnText()
            self._at = 1
        while self._at < len(self._words):
            self._read_clause()

    def _read_clause(self) -> None:
        column = ColumnText() if self._column is None else self._table.columns[folded(self._column)]
        match self._take().keyword:
            case "CONSTRAINT":
                self._name = self._take().text
                return
            case "FOREIGN":  # what it refers to, and its name, are told by the words that follow
                self._take()
                self._bracketed()
                return
            case "PRIMARY":
                self._take()
                self._table.primary_key = self._key()
            case "UNIQUE":
                self._table.uniques.append(self._key())
            case "CHECK":
                expression = bare(self._bracketed())
                self._table.checks.append(CheckText(expression, self._name, self._conflict()))
            case "REFERENCES":
                self._table.foreign_keys.append(self._foreign_key())
            case "NOT":
                self._take()
                column.not_null_name, column.not_null_conflict = self._name, self._conflict()
            case "DEFAULT":
                self._default()
            case "COLLATE":
                column.collation = raised(self._take().text)
            case "AS":
                column.generated = bare(self._bracketed())
            case _:  # a word of the type, or one that changes nothing
                return
        self._name = None

    def _key(self) -> KeyText:
        columns: tuple[str, ...] = () if self._column is None else (self._column,)
        if self._ends_at("("):
            columns = tuple(part[0].text for part in split_at_commas(self._bracketed()))
        if not self._accept("ASC"):
            self._accept("DESC")
        conflict = self._conflict()
        return KeyText(columns, self._name, conflict, autoincrement=self._accept("AUTOINCREMENT"))

    def _foreign_key(self) -> ForeignKeyText:
        key = ForeignKeyText(self._name)
        self._take()
        if self._ends_at("("):
            self._bracketed()
        while True:
            if self._accept("ON", "DELETE") or self._accept("ON", "UPDATE"):
                if self._accept("SET") or self._accept("NO"):
                    pass
                self._take()
            elif self._accept("MATCH"):
                self._take()
            elif self._accept("NOT", "DEFERRABLE"):
                self._initially()
            elif self._accept("DEFERRABLE"):
                key.deferrable = True
                key.initially_deferred = self._initially()
            else:
                return key

    def _initially(self) -> bool:
        """Whether the words INITIALLY DEFERRED follow; they or INITIALLY IMMEDIATE are passed."""
        return self._accept("INITIALLY") and self._take().keyword == "DEFERRED"

    def _conflict(self) -> str | None:
        return folded(self._take().source) if self._accept("ON", "CONFLICT") else None

    def _default(self) -> None:
        """Pass the value; the catalog has it."""
        if self._ends_at("("):
            self._bracketed()
        elif self._take().source in ("+", "-"):
            self._take()

    def _accept(self, *keywords: str) -> bool:
        """Whether these words follow; if so they are passed."""
        following = self._words[self._at : self._at + len(keywords)]
        if tuple(word.keyword for word in following) != keywords:
            return False
        self._at += len(keywords)
        return True

    def _ends_at(self, keyword: str) -> bool:
        """Whether this word follows; it is left where it is."""
        return self._at < len(self._words) and self._words[self._at].keyword == keyword

    def _take(self) -> Word:
        self._at += 1
        return self._words[self._at - 1]

    def _bracketed(self) -> Sequence[Word]:
        """The words in the bracket that follows."""
        end = closing(self._words, self._at)
        inside = self._words[self._at + 1 : end]
        self._at = end + 1
        return inside
