"""What the vocabularies of all engines draw with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from hypothesis import strategies as st

from tests.laws.sketch import Sketch

T = TypeVar("T")

REMARK = 'it\'s -- a "remark"; `all` of\nit \\ 100%'


class Type(NamedTuple):
    """A column type: its SQL, the classes that its columns are in, and defaults that it takes."""

    sql: str
    classes: str
    defaults: tuple[str, ...] = ()


def one(draw: st.DrawFn, *choices: T) -> T:
    """One of the choices; examples shrink to the first."""
    return draw(st.sampled_from(choices))


def chance(draw: st.DrawFn) -> bool:
    """Whether or not; examples shrink to the first."""
    return draw(st.sampled_from((True, False)))


def some(draw: st.DrawFn, found: Sequence[T], most: int) -> list[T]:
    """Up to so many different ones of those found."""
    return draw(st.lists(st.sampled_from(found), unique=True, max_size=most)) if found else []


def enum_values(draw: st.DrawFn) -> list[str]:
    """Values of an enum: some of few, in any order."""
    return draw(st.lists(st.sampled_from(("ok", "sad", "it's", "", "ünï", 'a"b')), unique=True, min_size=1, max_size=4))


def home(draw: st.DrawFn, sketch: Sketch) -> str | None:
    """The key of the namespace that something is in; mostly the connection's own."""
    return one(draw, None, None, *(element.key for element in sketch.of("namespace")))
