"""Lists, numbers and articles of English sentences."""

from __future__ import annotations

from collections.abc import Sequence


def listed(items: Sequence[str]) -> str:
    """The items as a list: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def counted(number: int, noun: str) -> str:
    """The number with its noun: `1 column`, `2 columns`, `2 indexes`, `2 foreign keys`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}{'es' if noun.endswith(('x', 's')) else 's'}"


def with_article(noun: str) -> str:
    """The noun after `a` or `an`."""
    sounds_like_consonant = noun.startswith(("us", "uni", "eu", "one"))
    return f"{'an' if noun[:1] in tuple('aeiou') and not sounds_like_consonant else 'a'} {noun}"


def sentence(text: str) -> str:
    """The text with a capital letter at its start and a full stop at its end."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
