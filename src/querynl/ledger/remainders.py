"""What of a script has no room in its row of the history, where the engine limits how long a value may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from querynl.connections import Connection
from querynl.ledger.rows import Scripts

TABLE = "querynl_script"


class Remainders:
    """The rows of a history's table of remainders: a script goes on there, piece by piece, after its first piece.

    `longest` is how many characters a piece has, None where a script of any length has room in one.
    """

    def __init__(self, connection: Connection, table: str, longest: int | None) -> None:
        self._connection = connection
        self._table = table
        self._longest = longest

    def first(self, scripts: Scripts) -> Scripts:
        """The scripts as far as they have room in the history's own row."""
        return Scripts(scripts.up[: self._longest], scripts.down and scripts.down[: self._longest])

    def keep(self, run_number: int, scripts: Scripts) -> None:
        """Keep what goes beyond the first pieces; no row of that run may be there."""
        for way, number, text in self._pieces(scripts):
            self._connection.execute(
                f"INSERT INTO {self._table} VALUES (%s, %s, %s, %s)", (run_number, way, number, text)
            )

    def remove(self, run_number: int) -> None:
        """Remove what was kept of a run."""
        if self._longest is not None:
            self._connection.execute(f"DELETE FROM {self._table} WHERE run_number = %s", (run_number,))

    def whole(self, run_number: int, first: Scripts) -> Scripts:
        """The whole scripts of a run, by their first pieces."""
        if self._longest is None or self._longest not in (len(first.up), len(first.down or "")):
            return first
        rows = self._connection.rows(
            f"SELECT way, text FROM {self._table} WHERE run_number = %s ORDER BY way, number", (run_number,)
        )
        texts = {way: "".join(text for of, text in rows if of == way) for way in ("up", "down")}
        return Scripts(first.up + texts["up"], None if first.down is None else first.down + texts["down"])

    def _pieces(self, scripts: Scripts) -> Iterator[tuple[str, int, str]]:
        longest = self._longest
        if longest is None:
            return
        texts: Mapping[str, str] = {"up": scripts.up, "down": scripts.down or ""}
        for way, text in texts.items():
            for number, begin in enumerate(range(longest, len(text), longest), 1):
                yield way, number, text[begin : begin + longest]
