"""Values of the types that a schema makes itself: enums, domains, composite types, and arrays of anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from querynl.proof.values import Spelling, Values, chosen, values_of
from querynl.schema import Check, CompositeType, Domain, Enum, Name, Schema

# What is made of itself in some way has no values here.
_DEEPEST = 4


class Types:
    """The types of a schema, found by every way in which a column may name them."""

    def __init__(self, schema: Schema, spelling: Spelling) -> None:
        self._spelling = spelling
        self._own: dict[str, Enum | Domain | CompositeType] = {}
        own: Iterable[Enum | Domain | CompositeType] = (*schema.enums, *schema.domains, *schema.composite_types)
        for found in own:
            self._own[found.name] = self._own[str(Name(found.namespace, found.name))] = found

    def values(self, column_type: str, depth: int = 0) -> Values | None:
        """Values of the type; None where nothing is known of it."""
        found = self._found(column_type)
        if depth > _DEEPEST:
            return None
        if found is None and column_type.endswith("]"):
            return self._arrays(column_type, depth)
        match found:
            case Enum():
                return chosen(found.values, self._spelling) if found.values else None
            case Domain():
                return self.values(found.type, depth + 1)
            case CompositeType():
                return self._rows(column_type, [attribute.type for attribute in found.attributes], depth)
            case _:
                return values_of(column_type, self._spelling)

    def checks(self, column_type: str) -> tuple[Check, ...]:
        """What the domain that the type is demands of values."""
        found = self._found(column_type)
        return found.checks + self.checks(found.type) if isinstance(found, Domain) else ()

    def _found(self, column_type: str) -> Enum | Domain | CompositeType | None:
        return self._own.get(column_type) or self._own.get(column_type.replace('"', ""))

    def _arrays(self, column_type: str, depth: int) -> Values:
        element = self.values(column_type.partition("[")[0], depth + 1)
        if element is None or column_type.endswith("[][]"):
            return Values([], lambda number: "'{}'")
        telling = (", ".join((*element.telling, "NULL")), "NULL")
        return Values(
            ["'{}'", *(f"ARRAY[{items}]::{column_type}" for items in telling)],
            lambda number: f"ARRAY[{element.plain(number)}, {element.plain(number + 1)}]::{column_type}",
        )

    def _rows(self, column_type: str, attributes: Sequence[str], depth: int) -> Values:
        found = [self.values(each, depth + 1) for each in attributes]
        edges = ["NULL" if each is None or not each.telling else each.telling[0] for each in found]

        def row(items: Sequence[str]) -> str:
            return f"ROW({', '.join(items)})::{column_type}"

        return Values(
            [row(edges), row(["NULL"] * len(found))],
            lambda number: row(["NULL" if each is None else each.plain(number) for each in found]),
        )
