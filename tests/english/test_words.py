"""Singulars and plurals, and the files of the lexicon."""

import pytest

from querynl.english.lexicon import load_lexicon
from querynl.english.words import plural, singular, table_name
from querynl.types import Portable, parse_type

PLURALS = {
    "post": "posts",
    "category": "categories",
    "day": "days",
    "address": "addresses",
    "status": "statuses",
    "house": "houses",
    "box": "boxes",
    "branch": "branches",
    "size": "sizes",
    "course": "courses",
    "quiz": "quizzes",
    "movie": "movies",
    "person": "people",
    "child": "children",
    "analysis": "analyses",
    "basis": "bases",
    "shelf": "shelves",
    "series": "series",
    "order item": "order items",
}


@pytest.mark.parametrize(("one", "many"), [pair for pair in PLURALS.items() if pair[0] != "basis"])
def test_a_noun_goes_to_its_plural_and_back(one: str, many: str) -> None:
    assert plural(one) == many
    assert singular(many) == one


@pytest.mark.parametrize("one", PLURALS)
def test_a_singular_stays_as_it_is(one: str) -> None:
    assert singular(one) == one


def test_every_entity_of_the_lexicon_has_a_plural_that_leads_back_to_it() -> None:
    assert [noun for noun in load_lexicon().entity_of if singular(plural(noun)) != noun] == []


def test_no_two_entities_share_a_table() -> None:
    entities = load_lexicon().entities
    assert len({table_name(noun) for noun in entities}) == len(entities)


def test_the_lexicon_speaks_of_nothing_it_does_not_have() -> None:
    lexicon = load_lexicon()
    named = {noun for entry in lexicon.entities.values() for known in entry.belongs_to for noun in known.entity}
    named |= {noun for field in lexicon.fields.values() for nouns in (*field.core, field.usual) for noun in nouns}
    named |= {pair.through for pair in lexicon.many_to_many if pair.through is not None}
    assert named - lexicon.entities.keys() == set()


def test_every_type_of_the_lexicon_is_portable() -> None:
    lexicon = load_lexicon()
    types = {entry.type for entry in lexicon.attributes.values()} | set(lexicon.types)
    types |= {column.type for entry in lexicon.entities.values() for column in entry.columns if column.type}
    assert [name for name in sorted(types) if not isinstance(parse_type(name), Portable)] == []
