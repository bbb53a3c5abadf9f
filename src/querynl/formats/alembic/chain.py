"""The chain of a folder's Alembic revisions, read with `ast`: no file is ever executed for it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from msgspec import Struct

from querynl.errors import MigrationInvalid


class Revision(Struct, frozen=True):
    """One Alembic revision; `needs` are the revisions it follows, and those it names in `depends_on`."""

    id: str
    path: Path
    text: str
    follows: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    description: str = ""


# A command looks at a folder more than once.
@lru_cache(maxsize=10_000)
def read_revision(path: Path, text: str) -> Revision | None:
    """The revision that a Python file declares; None for a file that declares none, such as `env.py`.

    Raises MigrationInvalid for a revision that is not Python, or whose links are computed and not written down.
    """
    if "down_revision" not in text:
        return None
    try:
        module = ast.parse(text)
        links = dict(_assigned(module, ("revision", "down_revision", "depends_on")))
    except (SyntaxError, ValueError) as error:
        raise MigrationInvalid(
            f"The Alembic revision cannot be read: {error}.", where=str(path), remedy="Correct the file."
        ) from error
    id = links.get("revision")
    if not isinstance(id, str) or "down_revision" not in links:
        return None
    follows = _names(links["down_revision"])
    return Revision(
        id=id,
        path=path,
        text=text,
        follows=follows,
        needs=(*follows, *_names(links.get("depends_on"))),
        description=_description(ast.get_docstring(module) or ""),
    )


def _assigned(module: ast.Module, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """The names assigned to at the top of the module, with their literal values."""
    for node in module.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name) and target.id in names:
                yield target.id, ast.literal_eval(node.value)


def _names(value: Any) -> tuple[str, ...]:
    """The revisions that a link names: none, one or several."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def _description(docstring: str) -> str:
    """What stands above `Revision ID:`, as Alembic's own template writes it."""
    return " ".join(docstring.partition("Revision ID:")[0].split())


def in_order(revisions: Iterable[Revision]) -> list[Revision]:
    """The revisions, each after those it needs; where that leaves a choice, by the names of their files.

    Raises MigrationInvalid for two files with one revision id, and for a circle.
    """
    by_id: dict[str, Revision] = {}
    for revision in sorted(revisions, key=lambda revision: revision.path.name):
        if (other := by_id.setdefault(revision.id, revision)) is not revision:
            raise MigrationInvalid(
                f"{other.path.name} and {revision.path.name} are both revision {revision.id}.",
                where=str(revision.path.parent),
                remedy="Give one of them another id.",
            )
    # A revision of another folder is nothing this folder can be put in order by.
    sorter = TopologicalSorter({id: [need for need in found.needs if need in by_id] for id, found in by_id.items()})
    try:
        return [by_id[id] for id in sorter.static_order()]
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise MigrationInvalid(f"The Alembic revisions follow each other in a circle: {circle}.") from error


def head(revisions: Iterable[Revision]) -> str | None:
    """The id of the revision that no other follows; None where there is none yet.

    Raises MigrationInvalid where there are several.
    """
    revisions = list(revisions)
    followed = {id for revision in revisions for id in revision.follows}
    heads = sorted(revision.id for revision in revisions if revision.id not in followed)
    if len(heads) > 1:
        raise MigrationInvalid(
            f"The folder has {len(heads)} heads: {', '.join(heads)}.",
            where=str(revisions[0].path.parent),
            remedy="Join them first: alembic merge heads.",
        )
    return heads[0] if heads else None


class Span(Struct, frozen=True):
    """Revisions that one can stand for: nothing outside follows any of them but the last.

    `follows` and `needs` (`depends_on`) are links to revisions outside.
    """

    last: Revision
    follows: tuple[str, ...]
    needs: tuple[str, ...]


def span(chosen: Sequence[Revision], all_: Iterable[Revision]) -> Span:
    """The chosen revisions, of all in the folder, as a span. Raises MigrationInvalid where they are none."""
    ids = {revision.id for revision in chosen}
    inner = {id for revision in chosen for id in revision.needs} & ids
    ends = [revision for revision in chosen if revision.id not in inner]
    followed = {id for revision in all_ if revision.id not in ids for id in revision.needs} & ids
    if len(ends) != 1 or not followed <= {ends[0].id}:
        found = sorted({end.id for end in ends} | followed)
        raise MigrationInvalid(
            f"The chain of revisions branches among those to squash, at {', '.join(found)}.",
            remedy="Choose revisions of which only the last has others after it: --from and --to.",
        )
    links = [(link, link in revision.follows) for revision in chosen for link in revision.needs if link not in ids]
    return Span(
        last=ends[0],
        follows=tuple(dict.fromkeys(link for link, follows in links if follows)),
        needs=tuple(dict.fromkeys(link for link, follows in links if not follows)),
    )
