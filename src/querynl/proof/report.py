"""What a person can send when a migration fails its proof: the failure, and all that it takes to see it again."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator

from querynl._version import __version__
from querynl.dialects import dialect_named
from querynl.operations import Change, Operation, Rename, RunSQL, target
from querynl.plan import statements
from querynl.proof.failing import Failing
from querynl.sources import json_file


def report_on(failing: Failing, engine: str) -> str:
    """A Markdown text with the versions, the failure, both schemas as files, the operations and the statements."""
    plan, dialect = failing.plan, dialect_named(failing.plan.dialect)
    parts = [
        f"# A migration fails its proof: {failing.failure.check}",
        f"QueryNL {__version__}, Python {platform.python_version()}, {engine}",
        failing.failure.what,
        "## Schema before",
        _block("json", json_file.write(failing.schemas.before)),
        "## Schema after",
        _block("json", json_file.write(failing.schemas.after)),
        "## Operations",
        "\n".join(_listed(operation for step in plan.up for operation in step.operations)),
        "## Up",
        _block("sql", dialect.script(statements(plan.up))),
        "## Down",
        _block("sql", dialect.script(statements(plan.down))),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def _listed(operations: Iterable[Operation]) -> Iterator[str]:
    for operation in operations:
        match operation:
            case Rename(ref, to):
                yield f"- rename {ref} to {to}"
            case RunSQL(up=statements):
                yield f"- run {'; '.join(statements)}"
            case Change(using=str(expression)):
                yield f"- change {target(operation)} using {expression}"
            case _:
                yield f"- {type(operation).__name__.lower()} {target(operation)}"
