"""The checksum of a migration's text: of what it says, so that its layout may change."""

from __future__ import annotations

import hashlib
import io
import tokenize
from collections.abc import Iterable, Iterator
from itertools import islice

from querynl.dialects import Dialect

_DIGEST_BYTES = 15
_TOKENS_AT_ONCE = 20_000
_NO_TOKENS = frozenset((tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER))
_LAYOUT = frozenset((tokenize.INDENT, tokenize.DEDENT, tokenize.NEWLINE))


def checksum(text: str, framework: str, dialect: Dialect) -> str:
    """Two hashes joined by a hyphen: of the text as it is, and of its tokens, without comments and layout.

    The first tells quickly that nothing changed at all. Python's tokens are those of an Alembic revision.
    """
    return f"{_hash([text])}-{_hash(_tokens(text, framework, dialect))}"


def is_checksum_of(kept: str, text: str, framework: str, dialect: Dialect) -> bool:
    """Whether a checksum, of this form or of the first one, is that of the text, its layout aside."""
    exact, hyphen, words = kept.partition("-")
    if not hyphen:
        return kept == _first_form(text)
    return exact == _hash([text]) or words == _hash(_tokens(text, framework, dialect))


def is_current(kept: str) -> bool:
    """Whether a checksum has the form of today."""
    return "-" in kept


def say_the_same(one: str, other: str) -> bool:
    """Whether two checksums of one form are of texts that say the same."""
    return one.rpartition("-")[2] == other.rpartition("-")[2]


def _hash(texts: Iterable[str]) -> str:
    found = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    left = iter(texts)
    while some := list(islice(left, _TOKENS_AT_ONCE)):
        found.update("\0".join((*some, "")).encode())
    return found.hexdigest()


def _tokens(text: str, framework: str, dialect: Dialect) -> Iterator[str]:
    return _python_tokens(text) if framework == "alembic" else dialect.tokens(text)


def _python_tokens(text: str) -> Iterator[str]:
    """The tokens of a module; of a text that is no Python, its lines."""
    try:
        found = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        yield from text.split("\n")
        return
    for token in found:
        if token.type not in _NO_TOKENS:
            yield tokenize.tok_name[token.type] if token.type in _LAYOUT else token.string


def _first_form(text: str) -> str:
    """The checksum as the first histories and stores hold it."""
    lines = [line.rstrip() for line in text.splitlines()]
    return hashlib.sha256("\n".join(lines).strip().encode()).hexdigest()
