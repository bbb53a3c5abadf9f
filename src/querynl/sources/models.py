"""SQLAlchemy models as a schema: imported from the person's project, created by SQLAlchemy on a real engine.

https://docs.sqlalchemy.org/en/20/core/metadata.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import reduce
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from querynl.connections import Connection
from querynl.connections.alchemy import as_sqlalchemy
from querynl.dialects import Dialect
from querynl.errors import ModelsInvalid
from querynl.project import at_home, place_of
from querynl.schema import (
    FIELDS,
    PRIVILEGE_KINDS,
    Kind,
    Name,
    Schema,
    SchemaObject,
    Table,
    canonical,
    kind_of,
    objects,
    ref_of,
)

if TYPE_CHECKING:
    from sqlalchemy import MetaData

_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_FORM = re.compile(rf"({_DOTTED}):({_DOTTED})")
_INSTALL = "Install it: pip install 'querynl[sqlalchemy]'."

# What metadata can declare; of the rest of a database it knows nothing. Privileges are left to `Comparison.unsaid`.
_TOLD = frozenset({Kind.TABLE, Kind.SEQUENCE, Kind.ENUM, Kind.DOMAIN, Kind.NAMESPACE, *PRIVILEGE_KINDS})
# The switches of a table that belong to its policies.
_OPTIONS_OF_POLICIES = ("row_security", "force_row_security")


class Models(Struct, frozen=True, kw_only=True):
    """SQLAlchemy metadata that has still to be created by an engine."""

    metadata: Any
    origin: str
    notes: tuple[str, ...] = ()


def names_models(text: str) -> bool:
    """Whether the text has the form `package.module:attribute`."""
    return _FORM.fullmatch(text) is not None


def read_models(text: str) -> Models:
    """The metadata at `package.module:attribute`: itself, what has it as `metadata`, or a function that returns one.

    Imports the module, with the working folder importable; what that prints goes to standard error. Raises
    ModelsInvalid where that fails, with the place in the person's code.
    """
    match = _FORM.fullmatch(text)
    assert match is not None
    with _explained(text, f"{match[1]} cannot be imported"), at_home():
        found: Any = _imported(match[1], text)
    with _explained(text, f"{match[2]} cannot be had"), at_home():
        try:
            found = reduce(getattr, match[2].split("."), found)
        except AttributeError as error:
            raise ModelsInvalid(f"{error}.", where=text, remedy="Check the name after the colon.") from None
        metadata = _metadata_of(found)
    if metadata is None:
        raise ModelsInvalid(
            f"{match[2]} is {type(found).__name__}, and not SQLAlchemy's MetaData.",
            where=text,
            remedy="Name a MetaData, a declarative base, or a function that returns one.",
        )
    notes = () if metadata.tables else (f"{text} has no table: are the modules of its models imported there?",)
    return Models(metadata=metadata, origin=text, notes=notes)


def _imported(module: str, text: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module == missing or module.startswith(f"{missing}."):
            raise ModelsInvalid(
                f"There is no Python module {missing}.",
                where=text,
                remedy="Run the command in the project's folder, or install the project.",
            ) from None
        remedy = _INSTALL if missing == "sqlalchemy" else "Install it in the environment that QueryNL runs in."
        raise ModelsInvalid(f"There is no Python package {missing}.", where=place_of(error), remedy=remedy) from None


def _metadata_of(found: Any) -> MetaData | None:
    try:
        from sqlalchemy import MetaData
    except ModuleNotFoundError:
        raise ModelsInvalid("There is no Python package sqlalchemy.", remedy=_INSTALL) from None
    for candidate in (found, getattr(found, "metadata", None)):
        if isinstance(candidate, MetaData):
            return candidate
    if not callable(found):
        return None
    made = found()
    return next((one for one in (made, getattr(made, "metadata", None)) if isinstance(one, MetaData)), None)


@contextmanager
def _explained(where: str, what: str) -> Iterator[None]:
    """Makes of everything that a person's code may raise the one error, with the place in their file."""
    try:
        yield
    except (ModelsInvalid, KeyboardInterrupt):
        raise
    except BaseException as error:  # a script may end itself when it is imported
        raise ModelsInvalid(
            f"{what}: {type(error).__name__}: {error}.",
            where=place_of(error) or where,
            remedy="Correct the project's code there.",
        ) from error


def create_models(models: Models, connection: Connection) -> None:
    """Let SQLAlchemy create what the metadata declares, in a database that has the namespaces it names.

    Raises ModelsInvalid where the engine refuses something.
    """
    from sqlalchemy.exc import DBAPIError

    with _explained(models.origin, "The models cannot be created"), at_home():
        try:
            with as_sqlalchemy(connection, mariadb_options=_names_mariadb(models.metadata)) as session:
                models.metadata.create_all(session)
                session.commit()
        except DBAPIError as error:
            statement = " ".join((error.statement or "").split())[:80]
            raise ModelsInvalid(
                f"{connection.dialect} {connection.version} refused the models: {' '.join(str(error.orig).split())}",
                where=f"{models.origin}: {statement}",
                remedy="Correct the model, or choose its engine with --dialect.",
            ) from None


def namespaces_of(models: Models, dialect: Dialect) -> set[str]:
    """The namespaces that tables, sequences and types of columns name; ModelsInvalid where the engine has none."""
    metadata = models.metadata
    tables = metadata.tables.values()
    types = (column.type for table in tables for column in table.columns)
    # SQLAlchemy has no public list of the sequences that no column uses.
    owners = (*tables, *getattr(metadata, "_sequences", {}).values(), *(_innermost(type_) for type_ in types))
    found = {str(owner.schema) for owner in owners if getattr(owner, "schema", None) is not None}
    if found and not dialect.has_namespaces:
        raise ModelsInvalid(
            f"The models name the schema {min(found)}, which is another database on {dialect.name}.",
            where=models.origin,
            remedy="Leave out schema=…; each database has models of its own.",
        )
    return found


def _names_mariadb(metadata: MetaData) -> bool:
    """Whether some table or index has an option whose name begins with `mariadb_`."""
    tables = metadata.tables.values()
    options = (*(table.kwargs for table in tables), *(index.kwargs for table in tables for index in table.indexes))
    return any(name.startswith("mariadb_") for names in options for name in names)


def _innermost(type_: Any) -> Any:
    """The type of the elements, where it is an array of them."""
    return getattr(type_, "item_type", type_)


def with_untold(schema: Schema, other: Schema) -> tuple[Schema, tuple[str, ...]]:
    """The schema of models with what the other one has beyond them of kinds that models cannot declare, and a note."""
    told = {ref_of(obj) for obj in objects(schema)}
    gone = {table.key for table in other.tables} - {table.key for table in schema.tables}
    untold: dict[str, list[SchemaObject]] = defaultdict(list)
    for obj in objects(other):
        if kind_of(obj) not in _TOLD and ref_of(obj) not in told and not _belongs_to(obj, gone):
            untold[FIELDS[kind_of(obj)]].append(obj)
    if not untold:
        return schema, ()
    changes: dict[str, Any] = {field: (*getattr(schema, field), *found) for field, found in untold.items()}
    if FIELDS[Kind.POLICY] in untold:
        theirs = {table.key: table for table in other.tables}
        changes["tables"] = tuple(_as_policies_need(table, theirs.get(table.key)) for table in schema.tables)
    kept = ", ".join(f"{field.replace('_', ' ')} ({len(found)})" for field, found in untold.items())
    return canonical(replace(schema, **changes)), (f"Models do not tell of these, which stay as they are: {kept}.",)


def _belongs_to(obj: SchemaObject, tables: Collection[Name]) -> bool:
    """Whether it is a trigger, a policy or the like of one of the tables."""
    table = getattr(obj, "table", None)
    return table is not None and Name(getattr(obj, "namespace", None), table) in tables


def _as_policies_need(table: Table, other: Table | None) -> Table:
    """The table with the other one's switches that its policies need."""
    if other is None:
        return table
    switches = {name: other.options[name] for name in _OPTIONS_OF_POLICIES if name in other.options}
    return replace(table, options={**table.options, **switches})
