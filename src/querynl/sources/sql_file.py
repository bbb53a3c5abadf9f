"""SQL files as texts, and the renames that their comments declare."""

from __future__ import annotations

import re
from pathlib import Path

from querynl.errors import SourceUnreadable
from querynl.schema import Kind, Name, Ref
from querynl.sources.renames import DeclaredRenames

_NAME = r'(?:[\w$]+|"(?:[^"]|"")+"|`(?:[^`]|``)+`|\[[^\]]+\])'
_RENAMED = re.compile(rf"--\s*renamed\s+from\s+({_NAME})\s*$", re.I)
_CREATE_TABLE = re.compile(
    rf"\bcreate\s+(?:\w+\s+)*?table\s+(?:if\s+not\s+exists\s+)?(?:({_NAME})\s*\.\s*)?({_NAME})", re.I
)
_TOKEN = re.compile(rf"'(?:[^']|'')*'|{_NAME}|[^\s\w]")


def read_text(path: Path) -> str:
    """The text of a file. Raises SourceUnreadable."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SourceUnreadable("There is no such file.", where=str(path), remedy="Check the path.") from None
    except UnicodeDecodeError:
        raise SourceUnreadable("This file is not UTF-8 text.", where=str(path), remedy="Save it as UTF-8.") from None
    except OSError as error:
        raise SourceUnreadable(
            f"This cannot be read: {error.strerror}.", where=str(path), remedy="Check the path and its permissions."
        ) from None


def declared_renames(text: str) -> DeclaredRenames:
    """The `-- renamed from NAME` comments of SQL text.

    A comment at the end of a line speaks of the last column defined on that line; of the table where the
    line only opens or closes it.
    """
    renames: dict[Ref, str] = {}
    table: Name | None = None
    for line in text.splitlines():
        definitions = line
        if create := _CREATE_TABLE.search(line):
            table = Name(_unquoted(create[1]) if create[1] else None, _unquoted(create[2]))
            definitions = line[create.end() :].partition("(")[2]
        comment = _RENAMED.search(definitions)
        if comment is None or table is None:
            continue
        column = _last_defined(definitions[: comment.start()])
        address = Ref(Kind.TABLE, *table) if column is None else Ref(Kind.COLUMN, table.namespace, column, table.name)
        renames[address] = _unquoted(comment[1])
    return renames


def _last_defined(definitions: str) -> str | None:
    """The name that the last of some column definitions begins with; None where there is no definition."""
    name: str | None = None
    depth = 0
    beginning = True
    for match in _TOKEN.finditer(definitions):
        token = match[0]
        if token == ")" and depth == 0:
            break
        depth += (token == "(") - (token == ")")
        if token == "," and depth == 0:
            beginning = True
        elif beginning:
            name, beginning = _unquoted(token), False
    return name


def _unquoted(name: str) -> str:
    """The identifier without its quotes; one without quotes as it stands."""
    if name[0] in '"`':
        return name[1:-1].replace(name[0] * 2, name[0])
    return name[1:-1] if name[0] == "[" else name
