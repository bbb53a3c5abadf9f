"""Phrases as a typed request: which nouns are tables, which are columns, and what is said of two tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from msgspec.structs import replace

from querynl.english.lexicon import Lexicon, load_lexicon
from querynl.english.phrases import Mark, Noun, Phrase, TypeName, Unknown, Verb, phrases, tokens
from querynl.english.request import Attribute, Entity, Relation, Request

_CONSTRAINTS = (Mark("unique"), Mark("required"), Mark("optional"))


def read_request(text: str) -> Request:
    """The design that a text asks for; it is empty where nothing in the text is understood."""
    reading = _Reading(phrases(tokens(text)), load_lexicon())
    return reading.request()


class _Reading:
    """Goes through the phrases once; what a noun is depends on whom the list it stands in belongs to."""

    def __init__(self, found: Sequence[Phrase], lexicon: Lexicon) -> None:
        self._phrases = found
        self._lexicon = lexicon
        self._fields: list[str] = []
        self._entities: dict[str, Entity] = {}
        self._relations: list[Relation] = []
        self._unused: list[str] = []
        # Whether anything but bare unknown words has been read.
        self._understood = False
        # Whose list is open: an entity's noun, "" for a field of work, None for nobody's.
        self._owner: str | None = None
        self._outside: str | None = None
        # The verb whose objects come, and its subject.
        self._verb: tuple[Verb, str] | None = None
        self._subject: str | None = None
        self._last: str | None = None
        # Where the relations and entities of this sentence begin.
        self._sentence = (0, 0)
        self._pair_wanted = False
        self._mentioned: list[str] = []

    def request(self) -> Request:
        for at in range(len(self._phrases)):
            self._read(at)
        if not self._understood:
            return Request(unused=tuple(self._unused))
        return Request(
            fields=tuple(self._fields),
            entities=tuple(self._entities.values()),
            relations=tuple(dict.fromkeys(self._relations)),
            unused=tuple(self._unused),
        )

    def _read(self, at: int) -> None:
        phrase = self._phrases[at]
        match phrase:
            case Noun():
                self._noun(phrase, at)
            case Verb():
                self._start_objects(phrase, at)
            case TypeName(name):
                self._unused.extend([] if self._is_attribute_detail(at) else [name])
            case Mark(name):
                self._mark(name, at)
            case Unknown(word):
                self._unused.append(word)

    # ------------------------------------------------------------------------------------------ marks

    def _mark(self, name: str, at: int) -> None:
        match name:
            case "with":
                self._open_list(at)
            case ":" if not isinstance(self._phrase(at + 1), TypeName):
                self._open_list(at)
            case "(":
                self._outside, self._owner, self._verb = self._owner, self._last, None
            case ")":
                self._owner = self._outside
            case "each":
                self._subject, self._owner, self._verb = self._last, None, None
            case ".":
                self._owner, self._verb = None, None
                self._sentence = (len(self._relations), len(self._mentioned))
            case "many_to_many":
                self._many_to_many(at)

    def _open_list(self, at: int) -> None:
        """What follows belongs to the noun before, or, after `and` or `each`, to the subject."""
        before = self._phrase(at - 1)
        if isinstance(before, Noun):
            self._owner = self._last if before.field is None or before.noun == self._last else ""
        elif self._subject is not None or self._last is not None:
            self._owner = self._subject or self._last
        self._subject = self._owner or self._subject
        self._verb = None

    def _many_to_many(self, at: int) -> None:
        """Makes the relation said last, or that of the two nouns named last, one of many to many."""
        relations, mentioned = self._sentence
        if isinstance(self._phrase(at - 1), Noun) and isinstance(self._phrase(at + 1), Noun):
            self._start_objects(Verb("many to many"), at)
        elif len(self._relations) > relations:
            self._relations[-1] = replace(self._relations[-1], kind="many to many", weak=False)
        elif len(self._mentioned) - mentioned >= 2:
            self._relate(Verb("many to many"), *self._mentioned[-2:])
        else:
            self._pair_wanted = True

    # ------------------------------------------------------------------------------------------ nouns

    def _noun(self, noun: Noun, at: int) -> None:
        first_in_list = isinstance(self._phrase(at - 1), Mark) and self._phrase(at - 1) in (Mark("with"), Mark("("))
        if self._starts_clause(at) and not first_in_list and (self._owner or self._is_object_list_over(at)):
            self._owner = None
            self._verb = None
        if self._owner:
            self._noun_of(self._owner, noun, at)
        elif self._verb is not None:
            self._add(noun)
            verb, subject = self._verb
            self._relate(verb, subject, noun.noun)
        elif noun.field is not None and not noun.plural:
            self._understood = True
            self._fields.append(noun.field)
            self._last = self._last if self._entities else None
        elif self._is_unnamed_field(noun, at):
            self._understood = True
            self._owner = ""
            self._fields.append(noun.noun)
        elif self._stands_alone(noun, at):
            self._unused.append(noun.noun)
        else:
            self._add(noun)
        if self._pair_wanted and len(self._mentioned) - self._sentence[1] >= 2:
            self._pair_wanted = False
            self._relate(Verb("many to many"), *self._mentioned[-2:])

    def _is_object_list_over(self, at: int) -> bool:
        """Whether a noun that begins a clause is not itself the first object of the verb before it."""
        return self._verb is not None and not isinstance(self._phrase(at - 1), Verb)

    def _starts_clause(self, at: int) -> bool:
        """Whether the noun is what the next words speak of."""
        match self._phrase(at + 1):
            case Verb(weak=False) | Unknown(is_verb=True) | Mark("with"):
                return True
            case _:
                return False

    def _is_unnamed_field(self, noun: Noun, at: int) -> bool:
        """Whether an unknown noun, the first of the text, is the whole and not a table: `gym with members`."""
        if noun.plural or noun.entity or self._entities or self._fields or self._phrase(at + 1) != Mark("with"):
            return False
        rest = takewhile(lambda phrase: phrase != Mark("."), self._phrases[at + 2 :])
        listed = [phrase for phrase in rest if isinstance(phrase, Noun)]
        return bool(listed) and all(item.plural or item.entity for item in listed)

    def _stands_alone(self, noun: Noun, at: int) -> bool:
        """Whether nothing tells that the noun is a table: neither what is known nor how it stands there."""
        speaks_on = self._starts_clause(at) or self._phrase(at + 1) == Mark("(")
        return noun.entity is None and not (noun.plural or noun.one or speaks_on) and self._owner is None

    def _noun_of(self, owner: str, noun: Noun, at: int) -> None:
        """A noun in an entity's own list is a column, or else a table of which each row of the owner has some."""
        detailed = isinstance(self._phrase(at + 1), TypeName) or self._phrase(at + 1) in _CONSTRAINTS
        if detailed or self._is_attribute(noun):
            self._understood = True
            name = noun.written if detailed else noun.noun
            attribute = self._detailed(Attribute(name, plural=noun.plural), at)
            entity = self._entities[owner]
            if attribute.noun not in {known.noun for known in entity.attributes}:
                self._entities[owner] = replace(entity, attributes=(*entity.attributes, attribute))
            return
        self._add(noun)
        if noun.plural:
            self._relate(Verb("has many"), owner, noun.noun)
        else:
            self._relations.append(Relation("has one", owner, noun.noun))

    def _is_attribute(self, noun: Noun) -> bool:
        """Whether a noun that says no more of itself is a column of the entity in whose list it stands."""
        if noun.many:
            return False
        if noun.entity is not None:
            return not noun.plural and not (noun.one and noun.attribute is None)
        return noun.attribute is not None or not noun.plural

    def _detailed(self, attribute: Attribute, at: int) -> Attribute:
        """The attribute with the type and constraints that follow it."""
        while self._is_attribute_detail(at := at + 1):
            match self._phrases[at]:
                case TypeName(name):
                    attribute = replace(attribute, type=name)
                case Mark("unique"):
                    attribute = replace(attribute, unique=True)
                case Mark("required" | "optional" as constraint):
                    attribute = replace(attribute, optional=constraint == "optional")
        return attribute

    def _is_attribute_detail(self, at: int) -> bool:
        """Whether the phrase is a type, a constraint or a colon that says more of an attribute before it."""
        while isinstance(self._phrase(at), TypeName) or self._phrase(at) in (*_CONSTRAINTS, Mark(":")):
            at -= 1
        return isinstance(self._phrase(at), Noun)

    # -------------------------------------------------------------------------- entities and relations

    def _add(self, noun: Noun) -> None:
        self._understood = True
        self._entities.setdefault(noun.noun, Entity(noun.noun, noun.entity))
        self._mentioned.append(noun.noun)
        self._last = noun.noun
        if not self._owner and self._verb is None:
            self._subject = noun.noun

    def _start_objects(self, verb: Verb, at: int) -> None:
        """What follows is what the noun before, or, after `and` or `each`, the subject does something to."""
        before = self._phrase(at - 1)
        subject = self._last if isinstance(before, Noun) else self._subject or self._last
        if subject is None or not isinstance(self._following_noun(at), Noun):
            return
        if isinstance(before, Noun) and before.noun != subject:
            return
        self._owner = None
        self._verb = (verb, subject)

    def _following_noun(self, at: int) -> Noun | None:
        for phrase in self._phrases[at + 1 :]:
            if isinstance(phrase, Noun):
                return phrase
        return None

    def _relate(self, verb: Verb, subject: str, other: str) -> None:
        self._understood = True
        match verb.relation:
            case "has many":
                relation = Relation("has many", other, subject, verb.role)
            case "belongs to":
                relation = Relation("belongs to", subject, other, verb.role, verb.weak)
            case _:
                relation = Relation("many to many", subject, other)
        self._relations.append(relation)

    def _phrase(self, at: int) -> Phrase | None:
        return self._phrases[at] if 0 <= at < len(self._phrases) else None
