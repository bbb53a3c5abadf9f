"""Functions, procedures and aggregates as the catalog has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from querynl.dialects.postgresql.inspection.lookup import PG_PROC, Lookup, dependencies
from querynl.dialects.postgresql.spelling import literal, qualified
from querynl.schema import ROUTINES, Kind, Ref, Routine

_PROCEDURE = "p"
_KINDS: dict[str, Literal["function", "procedure", "aggregate"]] = {_PROCEDURE: "procedure", "a": "aggregate"}
_MODIFY = {"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}
_PARALLEL = {"s": "SAFE", "r": "RESTRICTED"}
_HYPOTHETICAL = "h"
_NORMAL = "n"


def note_routines(rows: Iterable[Sequence[Any]], lookup: Lookup) -> None:
    for oid, namespace, name, kind, arguments, *_ in rows:
        of = Kind.PROCEDURE if kind == _PROCEDURE else Kind.ROUTINE
        lookup.routines[oid] = Ref(of, namespace, f"{name}({arguments})")


def routines(
    rows: Iterable[Sequence[Any]], aggregates: Iterable[Sequence[Any]], needs: Mapping[int, set[Ref]], lookup: Lookup
) -> Iterator[Routine]:
    """The routines, with what their bodies in SQL name among the tables, views and routines of the schema."""
    facts = {row[0]: row[1:] for row in aggregates}
    named = _named_objects(lookup)
    for oid, namespace, name, kind, arguments, definition, body in rows:
        text = definition if kind != "a" else _aggregate(namespace, name, facts[oid])
        needed = needs.get(oid, set()) | (_named_in(body, named) if body else set())
        yield Routine(
            name=name,
            namespace=namespace,
            kind=_KINDS.get(kind, "function"),
            arguments=arguments,
            definition=text.rstrip(),
            comment=lookup.comment(PG_PROC, oid),
            depends_on=dependencies(needed - {lookup.routines[oid]}),
        )


def _named_objects(lookup: Lookup) -> dict[str, set[Ref]]:
    """Relations and routines by the bare name that a body may call them by."""
    named: dict[str, set[Ref]] = {}
    for ref in (*lookup.relations.values(), *lookup.routines.values()):
        named.setdefault(ref.name.partition("(")[0], set()).add(ref)
    return named


def _named_in(body: str, named: Mapping[str, set[Ref]]) -> set[Ref]:
    """The objects that a body, which the catalog keeps as text, names; nothing where it cannot be parsed."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    found: set[Ref] = set()
    try:
        statements = sqlglot.parse(body, read="postgres")
    except SqlglotError:
        return found
    for statement in statements:
        for node in statement.find_all(exp.Table, exp.Anonymous) if statement is not None else ():
            is_call = isinstance(node, exp.Anonymous)
            found.update(ref for ref in named.get(node.name, ()) if (ref.kind in ROUTINES) == is_call)
    return found


def _aggregate(schema: str | None, name: str, facts: Sequence[Any]) -> str:
    """CREATE AGGREGATE, which the server has no function to give.

    https://www.postgresql.org/docs/current/sql-createaggregate.html
    """
    (arguments, kind, step, state, space, final, final_extra, final_modify, combine, serial, deserial) = facts[:11]
    (initial, m_step, m_inverse, m_state, m_space, m_final, m_extra, m_modify, m_initial, sort, parallel) = facts[11:]
    default_modify = "r" if kind == _NORMAL else "w"
    clauses = {
        "SFUNC": step,
        "STYPE": state,
        "SSPACE": space,
        "FINALFUNC": final,
        "FINALFUNC_EXTRA": True if final_extra else None,
        "FINALFUNC_MODIFY": _MODIFY[final_modify] if final and final_modify != default_modify else None,
        "COMBINEFUNC": combine,
        "SERIALFUNC": serial,
        "DESERIALFUNC": deserial,
        "INITCOND": None if initial is None else literal(initial),
        "MSFUNC": m_step,
        "MINVFUNC": m_inverse,
        "MSTYPE": m_state,
        "MSSPACE": m_space,
        "MFINALFUNC": m_final,
        "MFINALFUNC_EXTRA": True if m_extra else None,
        "MFINALFUNC_MODIFY": _MODIFY[m_modify] if m_final and m_modify != default_modify else None,
        "MINITCOND": None if m_initial is None else literal(m_initial),
        "SORTOP": sort,
        "PARALLEL": _PARALLEL.get(parallel),
        "HYPOTHETICAL": True if kind == _HYPOTHETICAL else None,
    }
    written = [
        f"    {clause}" if value is True else f"    {clause} = {value}"
        for clause, value in clauses.items()
        if value is not None
    ]
    return f"CREATE AGGREGATE {qualified(schema, name)}({arguments or '*'}) (\n" + ",\n".join(written) + "\n)"
