"""English for SQL that we did not write: what the parser understands in words, the rest as it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from querynl.dialects.expressions import PARSERS
from querynl.english.wording import counted, listed

if TYPE_CHECKING:
    from sqlglot import exp

_LONGEST_QUOTE = 72


def explain_sql(statements: Sequence[str], dialect_name: str) -> list[str]:
    """A sentence for each statement, in order.

    What sqlglot does not parse, or what has no words here, is quoted: "Runs a statement of its own: …".
    Nothing is raised, whatever the text.
    """
    import logging

    # sqlglot warns of each statement that it keeps as text; the sentence says so already.
    logger = logging.getLogger("sqlglot")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        return [_explained(statement, dialect_name) for statement in statements]
    finally:
        logger.setLevel(level)


def _explained(sql: str, dialect_name: str) -> str:
    from sqlglot import parse
    from sqlglot.errors import SqlglotError

    try:
        parsed = [tree for tree in parse(sql, read=PARSERS[dialect_name]) if tree is not None]
    except (SqlglotError, RecursionError):
        return _as_it_stands(sql)
    if not parsed:
        return "Holds no statement."
    if len(parsed) != 1:
        return _as_it_stands(sql)
    said = _Sentences(PARSERS[dialect_name]).of(parsed[0])
    return f"{said}." if said is not None else _as_it_stands(sql)


def _as_it_stands(sql: str) -> str:
    """The statement itself, cut where it is long."""
    text = " ".join(sql.split())
    return f"Runs a statement of its own: {text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + ' …'}"


def _is_joined_or_limited(tree: exp.Expr) -> bool:
    """Whether more than a condition decides which rows the statement touches."""
    limits = any(tree.args.get(key) for key in ("from_", "limit", "tables", "using", "with_"))
    return limits or bool(tree.this is not None and tree.this.args.get("joins"))


class _Sentences:
    """Words for parsed statements; what has none is quoted in the SQL of the dialect."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect

    def of(self, tree: exp.Expr) -> str | None:
        """What the statement does; None where there are no words for it, or not for all of it."""
        from sqlglot import exp

        match tree:
            case exp.Create():
                return self._creation(tree)
            case exp.Drop():
                return self._drop(tree)
            case exp.Alter():
                return self._alteration(tree)
            case exp.Insert():
                return self._insertion(tree)
            case exp.Update() | exp.Delete() if _is_joined_or_limited(tree):
                return None
            case exp.Update():
                columns = [self._column_name(change.this) for change in tree.expressions]
                return f"Sets {listed(columns)} in {self._rows(tree)}"
            case exp.Delete():
                return f"Deletes {self._rows(tree)}"
            case exp.TruncateTable():
                return f"Deletes every row of {listed([self._name(table) for table in tree.expressions])}"
            case exp.Comment():
                return f"Sets the comment on {str(tree.args['kind']).lower()} {self._name(tree.this)}"
            case _:
                return None

    def _rows(self, tree: exp.Expr) -> str:
        """The rows that a statement touches."""
        where = tree.args.get("where")
        table = self._name(tree.this)
        return f"every row of {table}" if where is None else f"the rows of {table} where {self._sql(where.this)}"

    def _insertion(self, tree: exp.Insert) -> str | None:
        from sqlglot import exp

        if any(tree.args.get(key) for key in ("alternative", "conflict", "ignore")):
            return None
        table = self._name(tree.this)
        if isinstance(tree.expression, exp.Values):
            return f"Inserts {counted(len(tree.expression.expressions), 'row')} into {table}"
        return f"Inserts rows that a query gives into {table}"

    # ------------------------------------------------------------------------------- create and drop

    def _creation(self, tree: exp.Create) -> str | None:
        from sqlglot import exp

        kind = str(tree.args["kind"])
        verb = "Creates or replaces" if tree.args.get("replace") else "Creates"
        unless = ", unless it is there" if tree.args.get("exists") else ""
        match kind, tree.this:
            case "TABLE", exp.Schema() as shape if tree.expression is None and shape.find(exp.ColumnDef):
                return f"{verb} table {self._name(shape.this)}{self._shape(shape)}{unless}"
            case "TABLE", table:
                return f"{verb} table {self._name(table)} from a query{unless}" if tree.expression is not None else None
            case "INDEX", exp.Index() as index:
                unique = "unique " if tree.args.get("unique") else ""
                return f"{verb} {unique}index{self._index(index)}{unless}"
            case (("VIEW" | "FUNCTION" | "PROCEDURE" | "SEQUENCE" | "SCHEMA" | "DATABASE" | "TYPE"), named):
                return f"{verb} {self._kind_words(tree)} {self._name(named)}{unless}"
            case _:
                return None

    def _kind_words(self, tree: exp.Expr) -> str:
        """The kind of object, such as `materialized view`."""
        from sqlglot import exp

        properties = tree.args.get("properties")
        found = properties.expressions if properties is not None else []
        materialized = tree.args.get("materialized") or any(isinstance(p, exp.MaterializedProperty) for p in found)
        return f"{'materialized ' if materialized else ''}{str(tree.args['kind']).lower()}"

    def _shape(self, shape: exp.Schema) -> str:
        """The columns of a new table, and the tables they refer to."""
        from sqlglot import exp

        columns = [part for part in shape.expressions if isinstance(part, exp.ColumnDef)]
        listing = listed([column.name for column in columns])
        said = [f" with {counted(len(columns), 'column')} ({listing})"] if columns else []
        for column in columns:
            for constraint in column.args.get("constraints") or ():
                if isinstance(constraint.kind, exp.Reference):
                    said.append(f"{column.name} refers to {self._referred(constraint.kind)}")
        for key in shape.find_all(exp.ForeignKey):
            names = listed([name.name for name in key.expressions])
            said.append(f"{names} refers to {self._referred(key.args['reference'])}")
        return "; ".join(said)

    def _referred(self, reference: exp.Reference) -> str:
        from sqlglot import exp

        return self._name(reference.this.this if isinstance(reference.this, exp.Schema) else reference.this)

    def _index(self, index: exp.Index) -> str:
        parameters = index.args.get("params")
        keys = list(parameters.args.get("columns") or ()) if parameters is not None else []
        where = parameters.args.get("where") if parameters is not None else None
        name = f" {index.name}" if index.name else ""
        on = f" on {self._name(index.args['table'])}" if index.args.get("table") is not None else ""
        of = f" ({listed([self._key(key) for key in keys])})" if keys else ""
        return f"{name}{on}{of}{'' if where is None else f' for rows where {self._sql(where.this)}'}"

    def _key(self, key: exp.Expr) -> str:
        from sqlglot import exp

        ordered = isinstance(key, exp.Ordered)
        inner = key.this if ordered else key
        name = inner.name if isinstance(inner, exp.Column) else self._sql(inner)
        return f"{name} descending" if ordered and key.args.get("desc") else name

    def _drop(self, tree: exp.Drop) -> str:
        names = self._dropped(tree)
        one = len(names) == 1
        said = [f"Drops {self._kind_words(tree)}{'' if one else 's'} {listed(names)}"]
        if (on := tree.args.get("cluster")) is not None:
            said.append(f"of {self._sql(on.this)}")
        if str(tree.args["kind"]) == "TABLE":
            said.append(f"with all {'its' if one else 'their'} rows")
        if tree.args.get("exists"):
            said.append(f"if {'it is' if one else 'they are'} there")
        if tree.args.get("cascade"):
            said.append(f"and all that depends on {'it' if one else 'them'}")
        return " ".join(said)

    def _dropped(self, tree: exp.Drop) -> list[str]:
        return [self._name(named) for named in tree.args.get("tables") or [tree.this]]

    # ----------------------------------------------------------------------------------------- alter

    def _alteration(self, tree: exp.Alter) -> str | None:
        """The actions on a table, in order; None if any of them has no words."""
        if str(tree.args["kind"]) not in ("TABLE", "INDEX", "VIEW"):
            return None
        actions = list(tree.args.get("actions") or ())
        said = [phrase for action in actions for phrase in self._action(action)]
        if not said or None in said:
            return None
        named = f"{str(tree.args['kind']).lower()} {self._name(tree.this)}"
        return f"Changes {named}: {'; '.join(phrase for phrase in said if phrase is not None)}"

    def _action(self, action: exp.Expr) -> Iterator[str | None]:
        from sqlglot import exp

        match action:
            case exp.ColumnDef():
                yield f"adds column {self._definition(action)}"
            case exp.ModifyColumn():
                old = action.args.get("rename_from")
                verb = "makes column" if old is None else f"renames column {old.name} to"
                yield f"{verb} {self._definition(action.this)}"
            case exp.AlterColumn():
                yield self._column_change(action)
            case exp.RenameColumn():
                yield f"renames column {action.this.name} to {action.args['to'].name}"
            case exp.AlterRename():
                yield f"renames it to {self._name(action.this)}"
            case exp.Drop():
                kind = str(action.args["kind"]).lower()
                with_values = " with its values" if kind == "column" else ""
                yield from (f"drops {kind} {name}{with_values}" for name in self._dropped(action))
            case exp.DropPrimaryKey():
                yield "drops the primary key"
            case exp.AddConstraint():
                yield from (f"adds {self._sql(constraint)}" for constraint in action.expressions)
            case _:
                yield None

    def _definition(self, column: exp.ColumnDef) -> str:
        """A column with its type and whatever stands behind it."""
        constraints = [self._sql(constraint) for constraint in column.args.get("constraints") or ()]
        kind = [] if column.kind is None else [self._sql(column.kind)]
        return f"{column.name} ({', '.join([*kind, *constraints])})"

    def _column_change(self, action: exp.AlterColumn) -> str | None:
        name = action.this.name
        if (kind := action.args.get("dtype")) is not None:
            using = action.args.get("using")
            computed = f", computed as {self._sql(using)}" if using else ""
            return f"makes column {name} {self._sql(kind)}{computed}"
        if (default := action.args.get("default")) is not None:
            return f"gives column {name} the default {self._sql(default)}"
        if action.args.get("allow_null") is not None:
            return f"makes column {name} {'optional' if action.args['allow_null'] else 'required'}"
        return f"takes the default from column {name}" if action.args.get("drop") else None

    # ----------------------------------------------------------------------------------------- names

    def _name(self, tree: exp.Expr) -> str:
        """The name of an object as it is written, with its schema where that is written too."""
        from sqlglot import exp

        match tree:
            case exp.Schema() | exp.UserDefinedFunction() | exp.Alias():
                return self._name(tree.this)
            case exp.Table() | exp.Column():
                return ".".join(part.name for part in tree.parts)
            case _:
                return tree.name or self._sql(tree)

    def _column_name(self, tree: exp.Expr) -> str:
        return tree.name or self._sql(tree)

    def _sql(self, tree: exp.Expr) -> str:
        return tree.sql(dialect=self._dialect)
