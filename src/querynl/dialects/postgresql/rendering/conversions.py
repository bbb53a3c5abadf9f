"""The values of columns as values of types that replace theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from querynl.dialects.postgresql.rendering.types import UserType, in_order, made_of, names_of
from querynl.dialects.postgresql.spelling import element_type, named_type, quote
from querynl.dialects.postgresql.types import conversion
from querynl.errors import ChangeUnsupported
from querynl.schema import Attribute, Column, CompositeType, Definition, Domain, Name


class Conversions:
    """How each column gets its values: by a cast, by way of text, or put together anew from their attributes.

    `types` are the type that is replaced, before and after, and those that are made of it. Raises ChangeUnsupported
    where attributes would get another order inside of an array or a range, which no expression can take apart.
    """

    def __init__(self, types: Sequence[tuple[UserType, UserType]], columns: Iterable[Column]) -> None:
        self._old, self._new = types[0]
        self._pairs = {name: pair for pair in types for name in names_of(pair[0])}
        # A row, or a range, is not cast to another one of its name.
        self._by_text = not isinstance(self._old, Domain) or any(
            isinstance(found, CompositeType | Definition) for found, _ in types
        )
        self._put_together = set(self._with_other_orders(types))
        arrays = [column.type for column in columns if column.type.endswith("[]")]
        arrays += [text for found, _ in types for text in _texts_of(found) if text.endswith("[]")]
        inside = {named_type(text) for text in arrays}
        for found, _ in types:
            inside |= made_of(found) if isinstance(found, Definition) else set()
        if inside & self._put_together:
            raise ChangeUnsupported(
                f"The attributes of {self._new.name} would have to change their order inside of arrays or ranges.",
                remedy="Keep the order and put new attributes at the end, or make a new type.",
            )

    def value(self, column: Column) -> str | None:
        """The USING expression of the column; None where the engine's own cast does."""
        name = quote(column.name)
        own = named_type(column.type)
        if own in self._put_together:
            return self._row(name, own, column.type)
        array = column.type[len(element_type(column.type)) :]
        if self._by_text:
            return f"{name}::text{array}::{column.type}"
        assert isinstance(self._old, Domain), "a domain is replaced by its like"
        assert isinstance(self._new, Domain), "a domain is replaced by its like"
        value = conversion(name, self._old.type + array, self._new.type + array)
        return None if value is None else f"{value}::{column.type}"

    def _with_other_orders(self, types: Sequence[tuple[UserType, UserType]]) -> Iterator[Name]:
        """The types whose values have attributes in an order that changes."""
        if isinstance(self._old, CompositeType) and isinstance(self._new, CompositeType):
            if in_order(self._old, self._new):
                return
            found: set[Name | None] = {*names_of(self._old)}
            yield from names_of(self._old)
            for over, _ in types[1:]:
                if not isinstance(over, Definition) and found & made_of(over):
                    found.update(names_of(over))
                    yield from names_of(over)

    def _row(self, value: str, own: Name, column_type: str) -> str:
        """The value of a composite type, or of a domain of one, with each attribute where it belongs by now."""
        old, new = self._pairs[own]
        if isinstance(old, Domain):
            base = named_type(old.type)
            assert base is not None, "it is one of the types that are replaced"
            return self._row(value, base, column_type)
        assert isinstance(old, CompositeType), "only such have attributes"
        assert isinstance(new, CompositeType), "a type is replaced by its like"
        known = {attribute.name: attribute for attribute in old.attributes}
        values = ", ".join(self._attribute(value, known[attribute.name], attribute) for attribute in new.attributes)
        return f"CASE WHEN {value} IS DISTINCT FROM NULL THEN ROW({values})::{column_type} END"

    def _attribute(self, row: str, old: Attribute, new: Attribute) -> str:
        value = f"({row}).{quote(old.name)}"
        own = named_type(old.type)
        if own in self._put_together:
            return self._row(value, own, new.type)
        if own in self._pairs:
            array = old.type[len(element_type(old.type)) :]
            return f"{value}::text{array}::{new.type}"
        return conversion(value, old.type, new.type) or value


def _texts_of(obj: UserType) -> Iterator[str]:
    match obj:
        case Domain():
            yield obj.type
        case CompositeType():
            yield from (attribute.type for attribute in obj.attributes)
