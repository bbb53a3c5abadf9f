"""Neutral names and texts in place of those of a schema, the same everywhere, for a report that others may read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from querynl.schema import Ref, Schema

# The keys of the schema's JSON form that hold names, and those that hold what belongs to an engine.
_NAMES = frozenset({"name", "namespace", "table", "references", "references_namespace", "column", "renamed_from"})
_LISTS = frozenset({"columns", "referenced_columns", "include", "owned_by", "inherits", "roles"})
_KEPT = frozenset({"querynl", "dialect", "kind", "order", "nulls", "match", "extensions", "unmanaged"})
_TYPES = frozenset({"enums", "domains", "composite_types"})
_SINGULAR = {"indexes": "index", "policies": "policy", "definitions": "object"}
# The word that every engine's SQL has for everybody.
_EVERYBODY = "public"

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]\W\d][^\]]*\])
    | (?P<word>(?:::\s*)?[^\W\d]\w*(?:\s*\()?)""",
    re.VERBOSE | re.DOTALL,
)


class Disguise:
    """What the names and texts of some schemas are replaced with.

    Every name of the model is, also within expressions and definitions, and so is every text with letters in it:
    labels of enums, defaults, comments. Words of a definition that name nothing of the schema stay.
    """

    def __init__(self, *schemas: Schema) -> None:
        self._names: dict[str, str] = {}
        self._types: set[str] = set()
        self._texts: dict[str, str] = {}
        for schema in schemas:
            for name, field in _named_in(_document(schema), "schema"):
                if field in _TYPES:
                    self._types.add(name.lower())
                if name != _EVERYBODY and name.lower() not in self._names:
                    word = _SINGULAR.get(field, field.removesuffix("s"))
                    self._names[name.lower()] = f"{word}_{len(self._names) + 1}"

    def schema(self, schema: Schema) -> Schema:
        """The schema in disguise."""
        return msgspec.convert(self._disguised(_document(schema), ""), Schema)

    def ref(self, ref: Ref) -> Ref:
        """The address in disguise."""
        namespace, table = (None if name is None else self._name(name) for name in (ref.namespace, ref.table))
        return Ref(ref.kind, namespace, self._name(ref.name), table)

    def sql(self, text: str, *, is_type: bool = False) -> str:
        """The SQL with its names and texts in disguise, without comments."""

        def replaced(match: re.Match[str]) -> str:
            token = match[0]
            if match["comment"]:
                return " "
            if match["text"]:
                return "'" + self._text(token[1:-1].replace("''", "'")).replace("'", "''") + "'"
            if match["quoted"]:
                return token[0] + self._name(token[1:-1]) + token[-1]
            word = re.search(r"\w+", token)
            assert word is not None
            found = word[0].lower()
            # What is called or cast to has its name from the engine, unless it is a type of the schema.
            is_foreign = (is_type or token.startswith("::")) and found not in self._types
            return token if is_foreign or token.endswith("(") else token.replace(word[0], self._name(word[0]))

        return _TOKEN.sub(replaced, text)

    def _name(self, name: str) -> str:
        return self._names.get(name.lower(), name)

    def _text(self, text: str) -> str:
        if not re.search(r"[^\W\d_]", text):
            return text
        inner = self.sql(text) if "'" not in text else text
        return inner if inner != text else self._texts.setdefault(text, f"text {len(self._texts) + 1}")

    def _disguised(self, value: Any, key: str) -> Any:
        if key in _KEPT:
            return value
        if isinstance(value, dict):
            return {field: self._disguised(item, field) for field, item in value.items()}
        if isinstance(value, list):
            return [self._disguised(item, key) for item in value]
        if not isinstance(value, str):
            return value
        if key in _NAMES or key in _LISTS:
            return self._name(value)
        return self._text(value) if key in ("comment", "values") else self.sql(value, is_type=key == "type")


def _document(schema: Schema) -> Any:
    return msgspec.json.decode(msgspec.json.encode(schema))


def _named_in(value: Any, field: str) -> Iterator[tuple[str, str]]:
    """Every name in a document, with the field that holds what it names."""
    if isinstance(value, list):
        for item in value:
            yield from _named_in(item, field)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in _KEPT:
                continue
            if key in _NAMES and isinstance(item, str):
                yield item, {"namespace": "namespaces", "table": "tables", "references": "tables"}.get(key, field)
            else:
                yield from _named_in(item, key)
    elif isinstance(value, str) and field in _LISTS:
        yield value, field
