"""Nouns in singular and plural, and the names that tables and columns get from them."""

from __future__ import annotations

from functools import cache

from querynl.english.lexicon import load_lexicon

# Ending of a plural, and what stands there in the singular; the first that fits counts.
_SINGULAR_ENDINGS = (
    ("ouses", "ouse"),
    ("auses", "ause"),
    ("uses", "us"),
    ("ies", "y"),
    ("sses", "ss"),
    ("shes", "sh"),
    ("ches", "ch"),
    ("xes", "x"),
    ("ss", "ss"),
    ("us", "us"),
    ("is", "is"),
    ("s", ""),
)
_SHORTEST_PLURAL = 4


def singular(phrase: str) -> str:
    """The phrase with its last word in the singular: `order items` gives `order item`."""
    first, space, last = phrase.rpartition(" ")
    return first + space + _singular_word(last)


def plural(phrase: str) -> str:
    """The phrase, which is in the singular, with its last word in the plural."""
    first, space, last = phrase.rpartition(" ")
    return first + space + _plural_word(last)


def is_plural(phrase: str) -> bool:
    """Whether the last word can be a plural; `series` is no less one than a singular."""
    last = phrase.rpartition(" ")[2]
    return _singular_word(last) != last or last in load_lexicon().nouns.unchanging


def snake(phrase: str) -> str:
    """The phrase as a name: `order item` gives `order_item`."""
    return phrase.replace(" ", "_")


def table_name(noun: str) -> str:
    """The name of the table for a noun in the singular."""
    return snake(plural(noun))


def _singular_word(word: str) -> str:
    nouns = load_lexicon().nouns
    if word in nouns.unchanging or word in _irregular_plurals():
        return word
    if word in nouns.irregular:
        return nouns.irregular[word]
    if len(word) < _SHORTEST_PLURAL:
        return word
    for ending, replacement in _SINGULAR_ENDINGS:
        if word.endswith(ending):
            return word.removesuffix(ending) + replacement
    return word


def _plural_word(word: str) -> str:
    if word in load_lexicon().nouns.unchanging:
        return word
    if word in _irregular_plurals():
        return _irregular_plurals()[word]
    if word.endswith("y") and word[-2:-1] not in ("", *"aeiou"):
        return word.removesuffix("y") + "ies"
    if word.endswith("is"):
        return word.removesuffix("is") + "es"
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    return word + "s"


@cache
def _irregular_plurals() -> dict[str, str]:
    return {one: many for many, one in load_lexicon().nouns.irregular.items()}
