"""What the history says of the migrations that a squashed one replaces, as the history of the one in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from querynl.dialects import Dialect
from querynl.formats import MigrationFile
from querynl.formats.checksums import is_current, say_the_same
from querynl.formats.heading import Replaced
from querynl.ledger import Entry


class Absorbed(Struct, frozen=True):
    """A history in which no migration stands any more that another replaces.

    `lacking` are, by the id of a squashed migration of which a part stands, those of its parts that do not. `gone` are
    the entries that were left out, by their ids, and `taken` the squashed migrations that stand in their place.
    """

    entries: dict[str, Entry]
    gone: dict[str, Entry]
    lacking: dict[str, tuple[str, ...]]
    taken: tuple[str, ...]


def absorbed(entries: Mapping[str, Entry], files: Mapping[str, MigrationFile], dialect: Dialect) -> Absorbed:
    """The history with a squashed migration in the place of all that it replaces, where all of that stands."""
    found = Absorbed(dict(entries), {}, {}, ())
    for file in files.values():
        if replaced := file.replaced:
            found = _with_one(found, file, replaced, dialect)
    return found


def _with_one(found: Absorbed, file: MigrationFile, replaced: Sequence[Replaced], dialect: Dialect) -> Absorbed:
    entries = dict(found.entries)
    own = entries.get(file.id)
    parts = {one.id: entries.pop(one.id) for one in replaced if one.id != file.id and one.id in entries}
    found = replace(found, entries=entries, gone=found.gone | parts)
    if own is not None and _remains(own) and own.checksum is not None and file.has(own.checksum, dialect):
        return found
    if own is not None and own.run_number == 0 and own.status == "applied":
        # Another tool says so of all up to it; its checksum is of the script that it ran, if that was an old one.
        entries[file.id] = replace(own, checksum=None) if parts else own
        return found
    there = parts if own is None else {**parts, file.id: own}
    if not any(_remains(entry) for entry in there.values()):
        return found
    lacking = _lacking(there, replaced)
    if lacking:
        return replace(found, lacking=found.lacking | {file.id: lacking})
    assert own is not None, "the last of those that are replaced has the squashed one's id"
    entries[file.id] = replace(own, checksum=file.checksum(dialect), description=file.description, file=file.path.name)
    return replace(found, taken=(*found.taken, file.id))


def _lacking(there: Mapping[str, Entry], replaced: Sequence[Replaced]) -> tuple[str, ...]:
    """The replaced ones that do not stand as they were squashed."""
    # One that is named twice was a squashed one itself: as such it stands for all before.
    begin = 0
    named: set[str] = set()
    standing: set[str] = set()
    for number, one in enumerate(replaced):
        if _stands_as(there.get(one.id), one):
            standing.add(one.id)
            begin = number if one.id in named else begin
        named.add(one.id)
    wanted = dict.fromkeys(one.id for one in replaced[begin:])
    return tuple(id for id in wanted if id not in standing)


def _stands_as(entry: Entry | None, one: Replaced) -> bool:
    """Whether all of it stands, with the text that was squashed as far as the history tells."""
    if entry is None:
        return False
    untouched = entry.direction == "down" and entry.status == "failed" and entry.statements_done == 0
    if entry.status != "applied" and not untouched:
        return False
    # Another tool's table tells no text, and the first histories in another form.
    if entry.run_number == 0 or entry.checksum is None or not is_current(entry.checksum):
        return True
    return say_the_same(entry.checksum, one.checksum)


def _remains(entry: Entry) -> bool:
    return entry.status != "rolled back"
