"""Namespaces, extensions, views, routines, triggers and policies as SQL.

https://www.postgresql.org/docs/current/sql-commands.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from querynl.dialects.postgresql.options import TABLE_ATTRIBUTES, parameters
from querynl.dialects.postgresql.rendering import indexes
from querynl.dialects.postgresql.rendering.alter import alter
from querynl.dialects.postgresql.rendering.around import Around
from querynl.dialects.postgresql.rendering.comments import comment_on
from querynl.dialects.postgresql.rendering.constraints import assigned, listed
from querynl.dialects.postgresql.rendering.definitions import check_no_key_has
from querynl.dialects.postgresql.spelling import (
    ENABLED,
    OWN_NAMESPACE,
    STANDARD_COMMENT,
    literal,
    qualified,
    quote,
    routine_address,
)
from querynl.schema import ROUTINES, Extension, Kind, Name, Namespace, Policy, Routine, Trigger, View

_NAMED_BY_BODIES = frozenset({Kind.TABLE, Kind.VIEW, *ROUTINES})
# Roles that are key words and not names.
_ROLE_WORDS = frozenset({"public", "current_user", "current_role", "session_user"})


def create_namespace(namespace: Namespace) -> Iterator[str]:
    if namespace.name != OWN_NAMESPACE:
        yield f"CREATE SCHEMA {quote(namespace.name)}"
    if namespace.comment is not None:
        yield comment_on("SCHEMA", quote(namespace.name), namespace.comment)


def change_namespace(old: Namespace, new: Namespace) -> Iterator[str]:
    if old.comment != new.comment:
        yield comment_on("SCHEMA", quote(new.name), new.comment)


def drop_namespace(namespace: Namespace) -> Iterator[str]:
    if namespace.name == OWN_NAMESPACE:  # it is always there; only what is said of it goes
        yield comment_on("SCHEMA", quote(namespace.name), STANDARD_COMMENT)
        return
    yield f"DROP SCHEMA {quote(namespace.name)}"


def create_extension(extension: Extension) -> Iterator[str]:
    words = [f"CREATE EXTENSION {quote(extension.name)}"]
    if extension.namespace is not None:
        words.append(f"SCHEMA {quote(extension.namespace)}")
    if extension.version is not None:
        words.append(f"VERSION {literal(extension.version)}")
    yield " ".join(words)
    if extension.comment is not None:
        yield comment_on("EXTENSION", quote(extension.name), extension.comment)


def change_extension(old: Extension, new: Extension) -> Iterator[str]:
    name = quote(new.name)
    if old.namespace != new.namespace:
        yield f"ALTER EXTENSION {name} SET SCHEMA {quote(new.namespace or 'public')}"
    if old.version != new.version:
        yield f"ALTER EXTENSION {name} UPDATE" + (f" TO {literal(new.version)}" if new.version is not None else "")
    if old.comment != new.comment:
        yield comment_on("EXTENSION", name, new.comment)


def drop_extension(extension: Extension) -> Iterator[str]:
    yield f"DROP EXTENSION {quote(extension.name)}"


# --------------------------------------------------------------------------------------------- views


def create_view(view: View, around: Around) -> Iterator[str]:
    name = Name(view.namespace, view.name)
    words = [f"CREATE {_view_word(view)} {qualified(*name)}"]
    if view.columns:
        words.append(f"({listed(view.columns)})")
    if "access_method" in view.options:
        words.append(f"USING {quote(str(view.options['access_method']))}")
    if settings := parameters(view.options, TABLE_ATTRIBUTES):
        words.append(f"WITH ({assigned(settings)})")
    if "tablespace" in view.options:
        words.append(f"TABLESPACE {quote(str(view.options['tablespace']))}")
    statement = f"{' '.join(words)} AS\n{view.definition}"
    yield statement + ("\nWITH NO DATA" if view.options.get("with_no_data") else "")
    for index in view.indexes:
        yield from indexes.create(name, index, around)
    if view.comment is not None:
        yield comment_on(_view_word(view), qualified(*name), view.comment)
    yield from _column_defaults({}, view)
    yield from _column_comments({}, view)


def drop_view(view: View) -> Iterator[str]:
    yield f"DROP {_view_word(view)} {qualified(view.namespace, view.name)}"


def change_view(old: View, new: View) -> Iterator[str]:
    """A change in place: of storage parameters and the comment."""
    address = f"{_view_word(new)} {qualified(new.namespace, new.name)}"
    before, after = parameters(old.options, TABLE_ATTRIBUTES), parameters(new.options, TABLE_ATTRIBUTES)
    if gone := sorted(before.keys() - after.keys()):
        yield f"ALTER {address} RESET ({', '.join(gone)})"
    if changed := {name: value for name, value in after.items() if before.get(name) != value}:
        yield f"ALTER {address} SET ({assigned(changed)})"
    if old.comment != new.comment:
        yield comment_on(_view_word(new), qualified(new.namespace, new.name), new.comment)
    yield from _column_defaults(old.column_defaults, new)
    yield from _column_comments(old.column_comments, new)


def _column_defaults(before: Mapping[str, str], view: View) -> Iterator[str]:
    for column in sorted(before.keys() | view.column_defaults.keys()):
        default = view.column_defaults.get(column)
        if before.get(column) != default:
            what = "DROP DEFAULT" if default is None else f"SET DEFAULT {default}"
            yield f"ALTER VIEW {qualified(view.namespace, view.name)} ALTER COLUMN {quote(column)} {what}"


def _column_comments(before: Mapping[str, str], view: View) -> Iterator[str]:
    for column in sorted(before.keys() | view.column_comments.keys()):
        text = view.column_comments.get(column)
        if before.get(column) != text:
            yield comment_on("COLUMN", f"{qualified(view.namespace, view.name)}.{quote(column)}", text)


def rename_view(view: View, to: str) -> Iterator[str]:
    yield f"ALTER {_view_word(view)} {qualified(view.namespace, view.name)} RENAME TO {quote(to)}"


def _view_word(view: View) -> str:
    return "MATERIALIZED VIEW" if view.materialized else "VIEW"


# ------------------------------------------------------------------------------------------ routines


def create_routine(routine: Routine, around: Around) -> Iterator[str]:
    """The routine; one whose body names what comes only after it, as two do that call each other, is not checked.

    https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-CHECK-FUNCTION-BODIES
    """
    waits = any(need.kind in _NAMED_BY_BODIES and around.after.get(need.ref) is None for need in routine.depends_on)
    if waits:
        yield "SET check_function_bodies = off"
    yield routine.definition
    if waits:
        yield "RESET check_function_bodies"
    if routine.comment is not None:
        yield comment_on(routine.kind.upper(), routine_address(routine), routine.comment)


def change_routine(old: Routine, new: Routine) -> Iterator[str]:
    """A change in place: of a body that CREATE OR REPLACE accepts, and of the comment."""
    if old.definition != new.definition:
        yield new.definition
    if old.comment != new.comment:
        yield comment_on(new.kind.upper(), routine_address(new), new.comment)


def drop_routine(routine: Routine, around: Around) -> Iterator[str]:
    """The statement that takes it away. Raises ChangeUnsupported where a table is partitioned by what it computes."""
    others = (obj.name for kind in ROUTINES for obj in around.after.of_kind(kind))
    if routine.name not in others:  # else the key may call another of its name
        check_no_key_has(routine, around)
    yield f"DROP {routine.kind.upper()} {routine_address(routine)}"


# -------------------------------------------------------------------------------- triggers, policies


def create_trigger(trigger: Trigger) -> Iterator[str]:
    yield trigger.definition
    yield from change_trigger(Trigger(name=trigger.name, table=trigger.table, definition=""), trigger)


def change_trigger(old: Trigger, new: Trigger) -> Iterator[str]:
    """A change in place: of when it fires at all, and of the comment."""
    table = Name(new.namespace, new.table)
    if old.options.get("enabled") != new.options.get("enabled"):
        state = ENABLED.get(str(new.options.get("enabled")), "ENABLE")
        yield alter(table, [f"{state} TRIGGER {quote(new.name)}"])
    if old.comment != new.comment:
        yield comment_on("TRIGGER", f"{quote(new.name)} ON {qualified(*table)}", new.comment)


def drop_trigger(trigger: Trigger) -> Iterator[str]:
    yield f"DROP TRIGGER {quote(trigger.name)} ON {qualified(trigger.namespace, trigger.table)}"


def create_policy(policy: Policy) -> Iterator[str]:
    words = [f"CREATE POLICY {_policy_address(policy)}"]
    if not policy.permissive:
        words.append("AS RESTRICTIVE")
    if policy.command != "all":
        words.append(f"FOR {policy.command.upper()}")
    if policy.roles != ("public",):
        words.append(f"TO {_roles(policy)}")
    yield " ".join([*words, *_conditions(policy)])
    if policy.comment is not None:
        yield comment_on("POLICY", _policy_address(policy), policy.comment)


def change_policy(old: Policy, new: Policy) -> Iterator[str]:
    if (old.roles, old.using, old.check) != (new.roles, new.using, new.check):
        roles = [f"TO {_roles(new)}"] if old.roles != new.roles else []
        yield " ".join([f"ALTER POLICY {_policy_address(new)}", *roles, *_conditions(new)])
    if old.comment != new.comment:
        yield comment_on("POLICY", _policy_address(new), new.comment)


def drop_policy(policy: Policy) -> Iterator[str]:
    yield f"DROP POLICY {_policy_address(policy)}"


def _policy_address(policy: Policy) -> str:
    return f"{quote(policy.name)} ON {qualified(policy.namespace, policy.table)}"


def _roles(policy: Policy) -> str:
    return ", ".join(role.upper() if role in _ROLE_WORDS else quote(role) for role in policy.roles)


def _conditions(policy: Policy) -> Iterator[str]:
    if policy.using is not None:
        yield f"USING ({policy.using})"
    if policy.check is not None:
        yield f"WITH CHECK ({policy.check})"
