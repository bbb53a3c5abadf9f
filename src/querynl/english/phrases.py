"""Text as tokens, and tokens as phrases: nouns, verbs, types, and words that say how these belong together."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from querynl.english.lexicon import Lexicon, RelationKind, load_lexicon
from querynl.english.words import is_plural, singular
from querynl.errors import TypeUnknown
from querynl.types import Portable, parse_type

# A type with arguments, a word, an end of sentence, or any other mark that means something.
_TOKEN = re.compile(
    r"(?P<type>\b(?:varchar|char|decimal|numeric)\s*\(\s*\d{1,6}\s*(?:,\s*\d{1,6}\s*)?\))"
    r"|(?P<word>(?<!\w)[^\W\d]\w*)|(?P<mark>[.;:,()&\n])",
)
_LONGEST_PHRASE = 6
# Names are made of two nouns and a suffix; PostgreSQL keeps 63 bytes of them.
_LONGEST_NOUN = 28
# The widest that every engine takes.
_LONGEST_VARCHAR, _LONGEST_CHAR, _MOST_DIGITS, _MOST_DECIMALS = 16_000, 255, 65, 30


class Token(Struct, frozen=True):
    """One word (lower case; `_` as blank), type or mark of the text."""

    kind: str
    text: str


class Noun(Struct, frozen=True):
    """A noun phrase in the singular, and what is known by that name or by its last word.

    `written` is as it stood there: `plural`, or as `one` (`a book`, `each book`) or `many` (`many books`).
    """

    noun: str
    written: str
    plural: bool = False
    one: bool = False
    many: bool = False
    entity: str | None = None
    attribute: str | None = None
    field: str | None = None


class Verb(Struct, frozen=True):
    """What is said of the nouns before and after it; `weak` where it is only a preposition."""

    relation: RelationKind
    role: str | None = None
    weak: bool = False


class TypeName(Struct, frozen=True):
    """A portable column type."""

    type: str


class Mark(Struct, frozen=True):
    """A word of the grammar (with, and, each, many_to_many, unique, required, optional) or one of , : ( ) and ."""

    name: str


class Unknown(Struct, frozen=True):
    """A word that means nothing here; `is_verb` that it stands where a verb would."""

    word: str
    is_verb: bool = False


Phrase = Noun | Verb | TypeName | Mark | Unknown

_Found = TypeVar("_Found")
_SENTENCE_ENDS = frozenset(".;\n")
_KEPT_KEYWORDS = frozenset({"with", "and", "each", "many_to_many", "unique", "required", "optional"})


def tokens(text: str) -> list[Token]:
    """The words, types and marks of a text; digits and other signs are left out."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("\r", "\n")
    plain = re.sub(r"(?<=\w)['’]s?\b", "", plain)
    found = []
    for match in _TOKEN.finditer(plain):
        kind = match.lastgroup or "mark"
        spelled = " ".join(match[0].replace("_", " ").split()) if kind == "word" else match[0]
        if spelled:
            found.append(Token(kind, spelled))
    return found


def phrases(found: Sequence[Token]) -> list[Phrase]:
    """The tokens as phrases, in order; what only joins words is left out."""
    return list(_Reader(found, load_lexicon()).read())


class _Reader:
    """Goes through the tokens once, always taking the longest phrase that means something."""

    def __init__(self, found: Sequence[Token], lexicon: Lexicon) -> None:
        self._tokens = found
        self._lexicon = lexicon
        self._at = 0
        # Whether a verb may come next: after a noun that is complete, or after `each`.
        self._verb_may_follow = False
        # Whether the noun to come is one, as after `a`, or many.
        self._one = False
        self._many = False
        # Whether a noun has just ended, so that the type of a column may come next.
        self._after_noun = False
        self._after_and = False

    def read(self) -> Iterator[Phrase]:
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.kind == "mark":
                yield self._mark(token.text)
            elif token.kind == "type":
                self._at += 1
                yield _type_or_unknown(token.text)
            else:
                yield from self._word()

    def _mark(self, text: str) -> Mark:
        self._at += 1
        self._verb_may_follow = self._one = self._many = False
        self._after_noun = self._after_noun and text == ":"
        self._after_and = text == "&"
        return Mark("." if text in _SENTENCE_ENDS else "and" if text == "&" else text)

    def _word(self) -> Iterator[Phrase]:
        verb = self._take(self._lexicon.plain_verb_of)
        if verb is None and self._verb_stands_here():
            verb = self._take(self._lexicon.verb_of)
        if verb is not None:
            self._verb_may_follow = self._after_noun = self._one = False
            yield Verb(verb.relation, verb.role)
        elif self._starts_known_noun():
            yield self._noun()
        elif (keyword := self._take(self._lexicon.keyword_of)) is not None:
            yield from self._keyword(keyword)
        elif self._after_noun and (name := self._take(self._lexicon.type_of)) is not None:
            self._verb_may_follow = False
            yield TypeName(name)
        elif self._verb_may_follow and not self._one:
            self._verb_may_follow = False
            self._at += 1
            yield Unknown(self._tokens[self._at - 1].text, is_verb=True)
        else:
            yield self._noun()

    def _verb_stands_here(self) -> bool:
        """Whether a word that can be a verb is one here, and not a noun."""
        if self._verb_may_follow:
            return not (self._one and self._starts_known_noun())
        if not self._after_and or self._starts_known_noun() or is_plural(self._tokens[self._at].text):
            return False
        return self._at + 1 < len(self._tokens) and self._tokens[self._at + 1].kind == "word"

    def _keyword(self, keyword: str) -> Iterator[Phrase]:
        self._one = keyword in ("one", "each") or (self._one and keyword == "filler")
        self._many = keyword == "many" or (self._many and keyword == "filler")
        self._after_and = keyword == "and"
        self._after_noun = False
        self._verb_may_follow = keyword == "each" or (self._verb_may_follow and keyword == "auxiliary")
        if keyword == "belongs":
            yield Verb("belongs to")
        elif keyword == "preposition":
            yield Verb("belongs to", weak=True)
        elif keyword in _KEPT_KEYWORDS:
            yield Mark(keyword)

    def _take(self, table: dict[str, _Found]) -> _Found | None:
        """What the longest run of words here means in the table; the words are then read."""
        length = self._longest(table)
        if not length:
            return None
        found = table[self._joined(self._at, length)]
        self._at += length
        return found

    def _longest(self, table: Mapping[str, object], *, in_singular: bool = False) -> int:
        """The number of tokens in the longest run of words here that the table has; 0 if it has none."""
        for length in range(min(_LONGEST_PHRASE, len(self._tokens) - self._at), 0, -1):
            if all(token.kind == "word" for token in self._tokens[self._at : self._at + length]):
                run = self._joined(self._at, length)
                if run in table or (in_singular and singular(run) in table):
                    return length
        return 0

    def _joined(self, start: int, length: int) -> str:
        return " ".join(token.text for token in self._tokens[start : start + length])

    def _starts_known_noun(self) -> bool:
        """Whether the words here are a known noun, and a longer one than any word of the grammar."""
        lexicon = self._lexicon
        known = max(
            self._longest(lexicon.entity_of, in_singular=True),
            self._longest(lexicon.field_of, in_singular=True),
            self._longest(lexicon.attribute_of, in_singular=True),
        )
        return known > max(self._longest(lexicon.keyword_of), self._longest(lexicon.type_of))

    def _noun(self) -> Phrase:
        """The noun phrase here: its words up to the first that is a plural, or that is none of a noun."""
        start = self._at
        self._at += self._known_length()
        while not is_plural(self._tokens[self._at - 1].text) and self._continues_noun():
            self._at += self._known_length()
        phrase = self._joined(start, self._at - start)
        one, self._one, self._after_and, self._after_noun = self._one, False, False, True
        # After `a user`, as after `users`, the next word is no longer part of the noun.
        self._verb_may_follow = one or is_plural(phrase)
        if len(singular(phrase).encode()) > _LONGEST_NOUN or not phrase.isprintable() or max(phrase) > "\uffff":
            return Unknown(phrase)
        many, self._many = self._many, False
        return self._looked_up(phrase, one, many)

    def _known_length(self) -> int:
        """The number of tokens of the known noun here; 1 for an unknown one."""
        lexicon = self._lexicon
        tables = (lexicon.entity_of, lexicon.field_of, lexicon.attribute_of)
        return max(1, *(self._longest(table, in_singular=True) for table in tables))

    def _continues_noun(self) -> bool:
        """Whether the next word belongs to the noun that has been read so far."""
        if self._at == len(self._tokens) or self._tokens[self._at].kind != "word":
            return False
        if self._one and is_plural(self._tokens[self._at].text):
            return False
        lexicon = self._lexicon
        grammar: tuple[Mapping[str, object], ...] = (lexicon.verb_of, lexicon.keyword_of, lexicon.type_of)
        return self._starts_known_noun() or not any(self._longest(table) for table in grammar)

    def _looked_up(self, phrase: str, one: bool, many: bool) -> Noun:
        noun = singular(phrase)
        head = noun.rpartition(" ")[2]
        lexicon = self._lexicon
        entity = lexicon.entity_of.get(noun) or lexicon.entity_of.get(head)
        attribute = lexicon.attribute_of.get(noun) or lexicon.attribute_of.get(head)
        field = lexicon.field_of.get(noun)
        return Noun(noun, phrase, noun != phrase and not one, one, many, entity, attribute, field)


def _type_or_unknown(text: str) -> TypeName | Unknown:
    """The type, if every engine can have it with those arguments."""
    try:
        found = parse_type(text)
    except TypeUnknown:
        return Unknown(text)
    match found:
        case Portable("varchar", (length,)) if 0 < length <= _LONGEST_VARCHAR:
            return TypeName(str(found))
        case Portable("char", (length,)) if 0 < length <= _LONGEST_CHAR:
            return TypeName(str(found))
        case Portable("decimal", (digits,)) if 0 < digits <= _MOST_DIGITS:
            return TypeName(str(found))
        case Portable("decimal", (digits, decimals)) if 0 < digits <= _MOST_DIGITS and decimals <= min(
            digits, _MOST_DECIMALS
        ):
            return TypeName(str(found))
        case _:
            return Unknown(text)
