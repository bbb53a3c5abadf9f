"""A pair that breaks a law, with all taken out of it that the failure does not need."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from querynl.dialects import Dialect
from tests.laws.sketch import Element, Named, Pair, Sketch


def reduced(
    pair: Pair, error: Exception, attempt: Callable[[Pair], object], *, seconds: float
) -> tuple[Pair, Exception]:
    """The smallest pair found in that time that fails alike, and its error."""
    until = time.monotonic() + seconds
    wanted = _signature(pair, error)
    progress = True
    while progress:
        progress = False
        for smaller in _smaller(pair):
            if time.monotonic() > until:
                return pair, error
            failure = _failure(smaller, attempt)
            if failure is not None and _signature(smaller, failure) == wanted:
                pair, error, progress = smaller, failure, True
                break
    return pair, error


def _failure(pair: Pair, attempt: Callable[[Pair], object]) -> Exception | None:
    try:
        attempt(pair)
    except Exception as error:
        return error
    return None


def _signature(pair: Pair, error: Exception) -> tuple[str, ...]:
    """What tells failures apart whatever the names in them."""
    text = str(error)
    for name in sorted({*pair.before.names.values(), *pair.after.names.values()}, key=len, reverse=True):
        text = text.replace(name, "")
    return (type(error).__name__, *re.findall(r"[A-Za-z]{3,}", text.partition(": (")[0])[:14])


def _smaller(pair: Pair) -> Iterator[Pair]:
    """Pairs with one thing less: an element in both schemas or in one, a difference, a rename, a strange name."""
    keys = list({**pair.after.sketch.elements, **pair.before.sketch.elements})
    for key in reversed(keys):
        yield replace(pair, before=_without(pair.before, key), after=_without(pair.after, key))
    for key in reversed(keys):
        if key in pair.after.sketch.elements:
            yield replace(pair, after=_without(pair.after, key))
        if key in pair.before.sketch.elements:
            yield replace(pair, before=_without(pair.before, key))
    for key in sorted(pair.declared):
        yield replace(pair, declared=pair.declared - {key})
    for key, element in pair.before.sketch.elements.items():
        if pair.after.sketch.elements.get(key, element) != element:
            elements = {**pair.after.sketch.elements, key: element}
            yield replace(pair, after=Named(_of(elements.values(), pair.after.sketch.dialect), pair.after.names))
    for key in keys:
        for name in {side.names[key] for side in (pair.before, pair.after) if key in side.names} - {key}:
            yield replace(pair, before=_called(pair.before, key, name), after=_called(pair.after, key, name))


def _without(side: Named, key: str) -> Named:
    sketch = side.sketch.without(key)
    return Named(sketch, {other: name for other, name in side.names.items() if other in sketch.elements})


def _of(elements: Iterable[Element], dialect: Dialect) -> Sketch:
    sketch = Sketch(dialect)
    for element in elements:
        if sketch.takes(element):
            sketch.add(element)
    return sketch


def _called(side: Named, key: str, name: str) -> Named:
    """The side with the element called by its key where it has that name."""
    return Named(side.sketch, {**side.names, key: key}) if side.names.get(key) == name else side
