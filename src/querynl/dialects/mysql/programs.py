"""Views, triggers, routines and events of a database, read from its catalog.

https://dev.mysql.com/doc/refman/9.5/en/information-schema-views-table.html,
https://dev.mysql.com/doc/refman/9.5/en/information-schema-triggers-table.html,
https://dev.mysql.com/doc/refman/9.5/en/show-create-procedure.html
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from querynl.dialects.expressions import tokens
from querynl.dialects.mysql import modes
from querynl.dialects.mysql.server import Server
from querynl.dialects.mysql.spelling import NAME, quote
from querynl.dialects.protocol import Reader
from querynl.schema import Definition, Dependency, Kind, OptionValue, Routine, Trigger, View, ref_of

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_VIEWS = """
    SELECT table_name, view_definition, check_option, security_type, {algorithm}, DATABASE()
      FROM information_schema.views WHERE table_schema = DATABASE()"""

_VIEW_COLUMNS = """
    SELECT c.table_name, c.column_name
      FROM information_schema.columns c JOIN information_schema.views v
        ON v.table_name = c.table_name
     WHERE c.table_schema = DATABASE() AND v.table_schema = DATABASE() ORDER BY c.table_name, c.ordinal_position"""

_TRIGGERS = """
    SELECT trigger_name, event_object_table, action_timing, event_manipulation, sql_mode
      FROM information_schema.triggers WHERE event_object_schema = DATABASE()
     ORDER BY event_object_table, action_timing, event_manipulation, action_order"""

_ROUTINES = """
    SELECT routine_name, routine_type, sql_mode
      FROM information_schema.routines WHERE routine_schema = DATABASE() ORDER BY routine_name, routine_type"""

_EVENTS = """
    SELECT event_name, starts IN (created, last_altered), sql_mode
      FROM information_schema.events WHERE event_schema = DATABASE() ORDER BY event_name"""

# The account that made a program belongs to the server it was made on.
_ACCOUNT = rf"(?:{NAME}(?:@{NAME})?|\"[^\"]*\"(?:@\"[^\"]*\")?)"
_DEFINER = re.compile(rf"\ACREATE DEFINER={_ACCOUNT} ")
_STARTS = re.compile(r" STARTS '[^']*'")
_VIEW_HEAD = re.compile(
    rf"\ACREATE ALGORITHM=(?P<algorithm>\w+) DEFINER={_ACCOUNT} SQL SECURITY \w+ VIEW {NAME}(?P<columns> \()?"
)


class Programs(NamedTuple):
    """What a database holds beside its tables."""

    views: tuple[View, ...]
    routines: tuple[Routine, ...]
    triggers: tuple[Trigger, ...]
    events: tuple[Definition, ...]
    unmanaged: Counter[str]


def inspect_programs(reader: Reader, server: Server, tables: Sequence[str]) -> Programs:
    """Views with what they need, routines and events as the server shows them, triggers in their order."""
    unmanaged: Counter[str] = Counter()
    routines = tuple(_routines(reader, unmanaged))
    views = tuple(_views(reader, server, tables, routines))
    events = tuple(_events(reader))
    return Programs(views, routines, tuple(_triggers(reader)), events, unmanaged)


# --------------------------------------------------------------------------------------------- views


def _views(reader: Reader, server: Server, tables: Sequence[str], routines: Sequence[Routine]) -> Iterator[View]:
    rows = reader.rows(_VIEWS.format(algorithm="algorithm" if server.is_mariadb else "NULL"))
    columns: dict[str, list[str]] = defaultdict(list)
    for name, column in reader.rows(_VIEW_COLUMNS):
        columns[name].append(column)
    known = {name: Dependency(kind=Kind.TABLE, name=name) for name in tables}
    known |= {row[0]: Dependency(kind=Kind.VIEW, name=row[0]) for row in rows}
    called = {
        routine.name: Dependency(kind=Kind.ROUTINE, name=ref_of(routine).name)
        for routine in routines
        if routine.kind == "function"
    }
    for name, definition, check_option, security, known_algorithm, database in rows:
        algorithm, lists_columns = (known_algorithm, False) if server.is_mariadb else _view_head(reader, name)
        query, needs = _without_database(definition, database, known, called)
        yield View(
            name=name,
            definition=query,
            columns=tuple(columns[name]) if lists_columns else (),
            options=_view_options(check_option, security, algorithm),
            depends_on=needs,
        )


def _view_head(reader: Reader, name: str) -> tuple[str, bool]:
    """The algorithm of a view, and whether it names its columns: MySQL's INFORMATION_SCHEMA tells neither."""
    head = _VIEW_HEAD.match(reader.rows(f"SHOW CREATE VIEW {quote(name)}")[0][1])
    assert head is not None, "SHOW CREATE VIEW has one form"
    return head["algorithm"], head["columns"] is not None


def _view_options(check_option: str, security: str, algorithm: str) -> dict[str, OptionValue]:
    found: dict[str, OptionValue] = {}
    if algorithm != "UNDEFINED":
        found["algorithm"] = algorithm.lower()
    if security != "DEFINER":
        found["security"] = security.lower()
    if check_option != "NONE":
        found["check_option"] = check_option.lower()
    return found


def _without_database(
    text: str, database: str, relations: dict[str, Dependency], routines: dict[str, Dependency]
) -> tuple[str, tuple[Dependency, ...]]:
    """A query of the catalog with the database's own name taken out, and what it names there.

    `db`.`t` is a table, `db`.`t`.`c` a column, `f`(…) and `db`.`f`(…) are calls; `x`.`c` may also be an alias
    that happens to be called like the database, unless there is such a relation or routine.
    """
    found = tokens(text, "mysql")
    needs: dict[Dependency, None] = {}
    pieces: list[str] = []
    position = 0
    for number, token in enumerate(found):
        if token.text in routines and _is_call(found, number):
            needs[routines[token.text]] = None
        if not _is_qualifier(found, number) or token.text != database:
            continue
        name = found[number + 2].text
        is_call = _opens(found, number + 3)
        need = (routines if is_call else relations).get(name)
        if need is None:
            continue
        needs[need] = None
        pieces.append(text[position : token.start])
        position = found[number + 2].start
    return "".join([*pieces, text[position:]]), tuple(sorted(needs, key=lambda need: need.ref.order))


def _is_qualifier(found: Sequence[Token], number: int) -> bool:
    """Whether the token is the first name of a dotted one."""
    names = ("IDENTIFIER", "VAR")
    return (
        number + 2 < len(found)
        and found[number].token_type.name in names
        and found[number + 1].token_type.name == "DOT"
        and (number == 0 or found[number - 1].token_type.name != "DOT")
    )


def _is_call(found: Sequence[Token], number: int) -> bool:
    """Whether the token is the name of a routine without its database's; the engine's own functions have no quotes."""
    is_alone = number == 0 or found[number - 1].token_type.name != "DOT"
    return found[number].token_type.name == "IDENTIFIER" and is_alone and _opens(found, number + 1)


def _opens(found: Sequence[Token], number: int) -> bool:
    return number < len(found) and found[number].token_type.name == "L_PAREN"


# ------------------------------------------------------------------------------ triggers and routines


def _triggers(reader: Reader) -> Iterator[Trigger]:
    """Triggers of one table, time and event run in order: each but the first says whom it follows."""
    previous: dict[tuple[str, str, str], str] = {}
    for name, table, timing, event, sql_mode in reader.rows(_TRIGGERS):
        before = previous.get((table, timing, event))
        previous[table, timing, event] = name
        follows = "" if before is None else f" FOLLOWS {quote(before)}"
        # INFORMATION_SCHEMA loses quotes and backslashes within quotes.
        body = _body(reader.rows(f"SHOW CREATE TRIGGER {quote(name)}")[0][2])
        yield Trigger(
            name=name,
            table=table,
            definition=f"CREATE TRIGGER {quote(name)} {timing} {event} ON {quote(table)} FOR EACH ROW{follows} {body}",
            options=modes.of_catalog(sql_mode, body),
            depends_on=() if before is None else (Dependency(kind=Kind.TRIGGER, name=before, table=table),),
        )


def _body(shown: str) -> str:
    """What a trigger does, which stands after FOR EACH ROW and perhaps the one that it follows or precedes."""
    found = tokens(shown, "mysql")
    words = ["" if token.token_type.name == "IDENTIFIER" else token.text.upper() for token in found]
    start = next(at for at in range(len(found)) if words[at : at + 3] == ["FOR", "EACH", "ROW"]) + 3
    if words[start] in ("FOLLOWS", "PRECEDES"):
        start += 2
    return shown[found[start].start :]


def _events(reader: Reader) -> Iterator[Definition]:
    """The events as the server shows them, whose INFORMATION_SCHEMA loses quotes within quotes.

    When one starts is left out where that is when it was made or altered, as it is for one that does not say.
    """
    for name, starts_at_once, sql_mode in reader.rows(_EVENTS):
        shown = reader.rows(f"SHOW CREATE EVENT {quote(name)}")[0][3]
        definition = _DEFINER.sub("CREATE ", shown)
        yield Definition(
            kind=Kind.EVENT,
            name=name,
            definition=_STARTS.sub("", definition, count=1) if starts_at_once else definition,
            options=modes.of_catalog(sql_mode, definition),
        )


def _routines(reader: Reader, unmanaged: Counter[str]) -> Iterator[Routine]:
    for name, kind, sql_mode in reader.rows(_ROUTINES):
        if kind not in ("FUNCTION", "PROCEDURE"):
            unmanaged[f"{kind.lower()}s"] += 1
            continue
        shown = reader.rows(f"SHOW CREATE {kind} {quote(name)}")[0][2]
        if shown is None:
            unmanaged[f"{kind.lower()}s whose text this account may not see"] += 1
            continue
        definition = _DEFINER.sub("CREATE ", shown)
        yield Routine(
            name=name,
            kind="function" if kind == "FUNCTION" else "procedure",
            definition=definition,
            arguments=_arguments(definition),
            options=modes.of_catalog(sql_mode, definition),
        )


def _arguments(definition: str) -> str:
    """What stands in the first parentheses of a routine's text."""
    depth = 0
    start = 0
    for token in tokens(definition, "mysql"):
        if token.token_type.name == "L_PAREN":
            depth += 1
            start = start or token.end + 1
        elif token.token_type.name == "R_PAREN":
            depth -= 1
            if depth == 0:
                return definition[start : token.start].strip()
    return ""
