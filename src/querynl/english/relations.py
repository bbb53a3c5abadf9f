"""The relations of a design: those the text states, completed by those the lexicon knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeGuard

from msgspec import Struct
from msgspec.structs import replace

from querynl.english.lexicon import EntityEntry, Lexicon, PairEntry, ReferenceEntry
from querynl.english.request import Attribute, Entity, Relation, Request
from querynl.english.words import plural, table_name
from querynl.schema import Action


class Reference(Struct, frozen=True):
    """A foreign key to come: each `child` has one `parent`, under the name `role`."""

    child: str
    parent: str
    role: str
    optional: bool = False
    unique: bool = False
    on_delete: Action = "restrict"


class Pair(Struct, frozen=True):
    """Two entities of which each has many of the other, to be joined by a table of its own."""

    left: str
    right: str


class Resolved(Struct, frozen=True):
    """A request with all its entities and relations.

    `added` says of each entity that the text does not name why it is there.
    """

    entities: tuple[Entity, ...]
    references: tuple[Reference, ...]
    pairs: tuple[Pair, ...]
    added: tuple[str, ...]


def resolve(request: Request, lexicon: Lexicon) -> Resolved:
    """The request with the entities it implies and every relation that is stated or known."""
    resolution = _Resolution(request, lexicon)
    return resolution.resolved()


class _Resolution:
    def __init__(self, request: Request, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._entities = {entity.noun: entity for entity in request.entities}
        self._added: list[str] = []
        self._references: dict[tuple[str, str], Reference] = {}
        self._pairs: dict[frozenset[str], Pair] = {}
        # Pairs of nouns of which the text itself says how they are related.
        self._stated: set[frozenset[str]] = set()
        self._add_fields(request.fields)
        self._relations = (*self._turned_attributes(), *request.relations)

    def resolved(self) -> Resolved:
        self._add_stated()
        self._add_known_pairs()
        self._add_needed()
        for entity in list(self._entities.values()):
            self._add_known_references(entity)
        return Resolved(
            entities=tuple(self._entities.values()),
            references=tuple(self._without_circles()),
            pairs=tuple(self._pairs.values()),
            added=tuple(self._added),
        )

    # --------------------------------------------------------------------------------------- entities

    def _add_fields(self, fields: tuple[str, ...]) -> None:
        """The core of each field of work, and what is usual in it where the text names nothing."""
        for name in fields:
            field = self._lexicon.fields.get(name)
            if field is None:
                continue
            usual = () if self._entities else tuple((noun,) for noun in field.usual)
            for alternatives in (*field.core, *usual):
                if not any(self._named(concept) for concept in alternatives):
                    self._add(alternatives[0], f"a {name} has {plural(alternatives[0])}")

    def _add_needed(self) -> None:
        """Entities without which another makes no sense: a loan needs someone who borrows."""
        for entity in list(self._entities.values()):
            for known in self._entry(entity).belongs_to:
                if known.needed and not any(self._named(concept) for concept in known.entity):
                    self._add(known.entity[0], f"each {entity.noun} needs one")

    def _add(self, concept: str, reason: str) -> None:
        self._entities[concept] = Entity(concept, concept)
        self._added.append(f"Table {table_name(concept)} is not in the text: {reason}.")

    def _named(self, concept: str) -> str | None:
        """The noun under which the design has an entity of that concept."""
        found = (entity.noun for entity in self._entities.values() if entity.concept == concept)
        return concept if concept in self._entities else next(found, None)

    def _entry(self, entity: Entity) -> EntityEntry:
        return self._lexicon.entities.get(entity.concept or "", EntityEntry(columns=()))

    def _turned_attributes(self) -> Iterator[Relation]:
        """Relations for attributes that turn out to be tables: `books with author` beside `authors`."""
        for entity in list(self._entities.values()):
            kept: list[Attribute] = []
            for attribute in entity.attributes:
                noun = attribute.noun.removesuffix(" id")
                says_key = noun != attribute.noun
                if noun in self._entities and (says_key or (attribute.type is None and noun != entity.noun)):
                    kind: Literal["has many", "has one"] = "has many" if attribute.plural else "has one"
                    pair = (noun, entity.noun) if attribute.plural else (entity.noun, noun)
                    yield Relation(kind, *pair)
                else:
                    kept.append(attribute)
            self._entities[entity.noun] = replace(entity, attributes=tuple(kept))

    # -------------------------------------------------------------------------------- stated relations

    def _add_stated(self) -> None:
        relations = [relation for relation in self._relations if not self._is_known_better(relation)]
        said = {(relation.child, relation.parent) for relation in relations}
        for relation in relations:
            child, parent = relation.child, relation.parent
            self._stated.add(frozenset((child, parent)))
            both_ways = child != parent and (parent, child) in said
            if relation.kind == "many to many":
                self._add_pair(child, parent)
            elif both_ways or self._is_one_of_many(relation):
                self._add_pair(parent, child)
            elif relation.kind == "has one" and self._is_other_way(child, parent):
                self._add_reference(parent, child, self._known_reference(parent, child))
            else:
                self._add_reference(child, parent, self._known_reference(child, parent), relation.role)

    def _is_known_better(self, relation: Relation) -> bool:
        child, parent = relation.child, relation.parent
        known = self._known_pair(child, parent) or self._known_reference(child, parent)
        return relation.weak and (known is not None or self._known_reference(parent, child) is not None)

    def _is_one_of_many(self, relation: Relation) -> bool:
        """Whether `has many` is, by what is known of the two, only half of what is meant."""
        child, parent = relation.child, relation.parent
        if relation.kind != "has many" or child == parent:
            return False
        return self._known_pair(child, parent) is not None or self._known_reference(parent, child) is not None

    def _is_other_way(self, child: str, parent: str) -> bool:
        """Whether the one that is had is known to refer to the one that has it: the profile to its user."""
        return self._known_reference(child, parent) is None and self._known_reference(parent, child) is not None

    def _known_pair(self, left: str, right: str) -> PairEntry | None:
        concepts = {self._entities[left].concept, self._entities[right].concept}
        return next((pair for pair in self._lexicon.many_to_many if set(pair.between) == concepts), None)

    def _known_reference(self, child: str, parent: str) -> ReferenceEntry | None:
        concept = self._entities[parent].concept
        return next((e for e in self._entry(self._entities[child]).belongs_to if concept in e.entity), None)

    # --------------------------------------------------------------------------------- known relations

    def _add_known_pairs(self) -> None:
        for pair in self._lexicon.many_to_many:
            left, right = map(self._named, pair.between)
            if left and right and frozenset((left, right)) not in self._stated:
                self._add_pair(left, right)

    def _add_known_references(self, entity: Entity) -> None:
        for known in self._entry(entity).belongs_to:
            nouns = [noun for concept in known.entity if (noun := self._named(concept)) and noun != entity.noun]
            if nouns and not any(frozenset((entity.noun, noun)) in self._stated for noun in nouns):
                self._add_reference(entity.noun, nouns[0], known)

    # ---------------------------------------------------------------------------- references and pairs

    def _add_reference(self, child: str, parent: str, known: ReferenceEntry | None, role: str | None = None) -> None:
        role = role or (known.role if known else None) or ("parent" if child == parent else parent)
        optional = child == parent or (known is not None and known.optional)
        action = known.on_delete if known is not None and known.on_delete is not None else None
        reference = Reference(
            child,
            parent,
            role,
            optional=optional,
            unique=known is not None and known.unique,
            on_delete=action or ("set null" if optional else "restrict"),
        )
        self._references.setdefault((child, role), reference)

    def _add_pair(self, left: str, right: str) -> None:
        """A pair, or the entity that joins the two: the one the lexicon knows, or one of such a name."""
        known = self._known_pair(left, right)
        between = self._named(known.through) if known is not None and known.through is not None else None
        if known is not None and known.through is not None and between is None:
            self._add(known.through, f"it joins {plural(left)} and {plural(right)}")
        elif self._is_noun(joint := between or f"{left} {right}"):
            for parent in dict.fromkeys((left, right)):
                self._add_reference(joint, parent, self._known_reference(joint, parent))
        elif frozenset((left, right)) not in self._pairs:
            self._pairs[frozenset((left, right))] = Pair(left, right)

    def _is_noun(self, noun: str | None) -> TypeGuard[str]:
        return noun in self._entities

    def _without_circles(self) -> Iterator[Reference]:
        """The references, those optional that would close a circle in which no first row could be written."""
        required: dict[str, set[str]] = {}
        for reference in self._references.values():
            if not reference.optional and _reaches(required, reference.parent, reference.child):
                yield replace(reference, optional=True, on_delete="set null")
                continue
            if not reference.optional:
                required.setdefault(reference.child, set()).add(reference.parent)
            yield reference


def _reaches(required: dict[str, set[str]], start: str, end: str) -> bool:
    """Whether a row of `start` needs, by whatever way, a row of `end`."""
    seen, waiting = {start}, [start]
    while waiting:
        noun = waiting.pop()
        if noun == end:
            return True
        new = required.get(noun, set()) - seen
        seen |= new
        waiting.extend(new)
    return False
