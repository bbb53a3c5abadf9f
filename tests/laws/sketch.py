"""Sketches: what a database holds, statement by statement, with a token wherever a name will stand.

Structure is drawn first and names afterwards, so that a rename is a choice of its own, anything may have a hostile
name, and what depends on something is known by the tokens in its text. `«c3»` becomes the quoted name of element c3,
with its namespace where it is in one; `«c3:number»` does so too and demands that c3 is a column of numbers; `«c3!»`
is the quoted name within a string literal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from hypothesis import strategies as st

from querynl.dialects import Dialect

_TOKEN = re.compile(r"«(\w+?)(:\w+)?(!)?»")

# Where the lines of a table's definition go, and what follows it.
LINES, TAIL = "«lines»", "«tail»"

# Few and hostile, so that schemas drawn apart have much in common and nothing may rely on a name being harmless.
NAMES = (
    *("users", "posts", "Users", "from", "c d", "sel'ect", 'Or"der `x`', "ünï", "a%s", "semi;colon -- x"),
    *("2nd", "back\\slash", "$$x$$", "/* no */", "new", "日本", "a.b", "x" * 61, "id", "{0}"),
)


@dataclass(frozen=True)
class Element:
    """One thing that a schema holds.

    `holder` is the table that it is a line of, where it is `inline`, or that its name belongs to; `tail` then follows
    the table. `provides` are the classes that others may demand of it, and `demands` are those of others beyond the
    tokens of its text. Of elements with the same `place` a sketch holds one.
    """

    key: str
    kind: str
    sql: str
    holder: str | None = None
    namespace: str | None = None
    inline: bool = False
    tail: str = ""
    provides: frozenset[str] = frozenset()
    demands: frozenset[str] = frozenset()
    place: str | None = None

    @property
    def offers(self) -> Iterator[str]:
        """The key, and the key with every class."""
        yield self.key
        yield from (f"{self.key}:{of}" for of in self.provides)

    @property
    def needs(self) -> set[str]:
        """What must be offered by others."""
        texts = f"{self.sql}{self.tail}"
        named = {f"{match[1]}{match[2] or ''}" for match in _TOKEN.finditer(texts)} - {"lines", "tail", self.key}
        holders = {key for key in (self.holder, self.namespace) if key is not None}
        return {*named, *self.demands, *holders}


@dataclass
class Sketch:
    """The elements of one schema, each after what it needs."""

    dialect: Dialect
    elements: dict[str, Element] = field(default_factory=dict)
    _offered: set[str] = field(default_factory=set)

    def add(self, element: Element) -> None:
        self.elements[element.key] = element
        self._offered.update(element.offers)

    def has_all(self, needs: Collection[str]) -> bool:
        return self._offered.issuperset(needs)

    def takes(self, element: Element) -> bool:
        """Whether what it needs is there, and its place is free."""
        taken = {other.place for other in self.elements.values()} - {None}
        return element.place not in taken and self.has_all(element.needs)

    def without(self, key: str) -> Sketch:
        """The sketch without an element and what needs it."""
        left = Sketch(self.dialect)
        for element in self.elements.values():
            if element.key != key and left.has_all(element.needs):
                left.add(element)
        return left

    def of(self, *kinds: str, holder: str | None = None) -> list[Element]:
        """The elements of these kinds; with a holder, those that belong to it."""
        return [e for e in self.elements.values() if e.kind in kinds and holder in (None, e.holder)]

    def that_are(self, of: str, holder: str | None = None) -> list[str]:
        """The keys of what provides a class; with a holder, of what belongs to it."""
        return [e.key for e in self.elements.values() if of in e.provides and holder in (None, e.holder)]

    def literal(self, text: str) -> str:
        return self.dialect.literal(text)


@dataclass(frozen=True)
class Place:
    """Where a new element is to be: its key, and the table that it belongs to."""

    key: str
    holder: str | None = None


class Draws(Protocol):
    """Draws one element of a kind at a place; None where the schema so far holds nothing to make it of."""

    def __call__(self, draw: st.DrawFn, sketch: Sketch, place: Place) -> Element | None: ...


@dataclass(frozen=True)
class Stage:
    """How many elements of a kind are drawn, and how; with `per`, for each element of those kinds as their holder.

    What is `rare` is there one time in four, so that schemas do not grow with the number of kinds.
    """

    kind: str
    draws: Draws
    most: int = 1
    least: int = 0
    per: tuple[str, ...] = ()
    rare: bool = False


@dataclass(frozen=True, repr=False)
class Vocabulary:
    """What an engine has.

    `stages` come in the order in which elements may be created. `renamed` are the kinds whose renames can be declared.
    `space` is what an element's name must be unique in, None for what has no name; `folded` is the name as the engine
    compares it.
    """

    stages: tuple[Stage, ...]
    renamed: frozenset[str]
    space: Callable[[Element, Sketch], Hashable]
    folded: Callable[[str], str]

    def __repr__(self) -> str:
        return "Vocabulary(…)"  # Hypothesis tells of it with every failure


@dataclass(frozen=True)
class Named:
    """A sketch with the names of its elements."""

    sketch: Sketch
    names: Mapping[str, str]

    @property
    def script(self) -> tuple[str, ...]:
        """The statements that create it."""
        return tuple(_script(self.sketch, self.names))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What Hypothesis tells of it."""
        printer.text(";\n".join(self.script))


@dataclass(frozen=True)
class Pair:
    """Two schemas; `declared` are the elements whose rename is told."""

    before: Named
    after: Named
    declared: frozenset[str] = frozenset()

    @property
    def renames(self) -> list[str]:
        """The renames as `--rename` takes them."""
        return list(_declarations(self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What Hypothesis tells of it."""
        parts = ("-- before", *self.before.script, "-- after", *self.after.script, "-- renames", *self.renames)
        printer.text(";\n".join(parts))


@st.composite
def pairs(draw: st.DrawFn, dialect: Dialect, vocabulary: Vocabulary) -> Pair:
    """A schema, and what became of it by some edits, or another that was drawn apart from it."""
    before = draw(schemas(dialect, vocabulary))
    if not draw(st.sampled_from((True, True, True, False))):
        return Pair(before, draw(schemas(dialect, vocabulary)))
    after = draw(_sketches(dialect, vocabulary, before.sketch))
    moved = {
        element.key
        for element in after.elements.values()
        if element.key in before.names
        and vocabulary.space(element, after) is not None
        and draw(st.sampled_from((False,) * 7 + (True,)))
    }
    names = draw(_names(after, vocabulary, before.names, moved))
    declared = {
        key
        for key in sorted(moved)
        if names[key] != before.names[key]
        and after.elements[key].kind in vocabulary.renamed
        and draw(st.sampled_from((True, True, True, False)))
    }
    return Pair(before, Named(after, names), frozenset(declared))


@st.composite
def schemas(draw: st.DrawFn, dialect: Dialect, vocabulary: Vocabulary) -> Named:
    """One schema."""
    sketch = draw(_sketches(dialect, vocabulary, None))
    return Named(sketch, draw(_names(sketch, vocabulary, {}, frozenset())))


# ------------------------------------------------------------------------------------------ structure


@st.composite
def _sketches(draw: st.DrawFn, dialect: Dialect, vocabulary: Vocabulary, old: Sketch | None) -> Sketch:
    """A sketch; where there is an old one, that with some edits."""
    sketch = Sketch(dialect)
    numbers = _Numbers(old)
    for stage in vocabulary.stages:
        for element in () if old is None else old.of(stage.kind):
            draw(_kept(stage, element, sketch))
        known = set() if old is None else old.elements.keys()
        holders = [holder.key for holder in sketch.of(*stage.per)] if stage.per else [None]
        for holder in holders:
            is_new = old is None or (holder is not None and holder not in known)
            there = len(sketch.of(stage.kind, holder=holder))
            is_frequent = is_new and not stage.rare
            wanted = draw(st.integers(0, stage.most) if is_frequent else st.sampled_from((0, 0, 0, 1)))
            for _ in range(min(max(stage.least - there, wanted), stage.most - there)):
                drawn = stage.draws(draw, sketch, Place(numbers.next(stage.kind), holder))
                if drawn is not None and sketch.takes(drawn):
                    sketch.add(drawn)
    return sketch


@st.composite
def _kept(draw: st.DrawFn, stage: Stage, element: Element, sketch: Sketch) -> None:
    """Add an element of the old sketch as it was, or drawn anew, or leave it out."""
    if not sketch.has_all({key for key in (element.holder, element.namespace) if key is not None}):
        return
    edit = draw(st.sampled_from(("keep",) * 6 + ("change", "drop")))
    if edit == "keep" and sketch.takes(element):
        sketch.add(element)
    elif edit != "drop":
        drawn = stage.draws(draw, sketch, Place(element.key, element.holder))
        if drawn is not None and sketch.takes(drawn):
            sketch.add(replace(drawn, namespace=element.namespace))


class _Numbers:
    """Keys that the old sketch has not taken."""

    def __init__(self, old: Sketch | None) -> None:
        self._count = 0 if old is None else max((int(re.sub(r"\D", "", key)) for key in old.elements), default=0)

    def next(self, kind: str) -> str:
        self._count += 1
        return f"{kind[0]}{self._count}"


# ---------------------------------------------------------------------------------------------- names


@st.composite
def _names(
    draw: st.DrawFn, sketch: Sketch, vocabulary: Vocabulary, earlier: Mapping[str, str], moved: Collection[str]
) -> dict[str, str]:
    """A name for everything that has one: the earlier one but for what is moved."""
    names: dict[str, str] = {}
    taken: set[tuple[Hashable, str]] = set()
    spaces = {key: vocabulary.space(element, sketch) for key, element in sketch.elements.items()}
    for key, name in earlier.items():
        space = spaces.get(key)
        if space is not None and key not in moved and (space, vocabulary.folded(name)) not in taken:
            names[key] = name
            taken.add((space, vocabulary.folded(name)))
    for key, space in spaces.items():
        if space is None or key in names:
            continue
        first = draw(st.integers(0, len(NAMES) - 1))
        candidates = (*NAMES[first:], *NAMES[:first], *(f"name {number}" for number in range(99)))
        names[key] = next(name for name in candidates if (space, vocabulary.folded(name)) not in taken)
        taken.add((space, vocabulary.folded(names[key])))
    return names


def _declarations(pair: Pair) -> Iterator[str]:
    """The renames as `--rename` takes them; what is in a table that was renamed is found by the table's new name."""
    names, later = pair.before.names, pair.after.names
    for key in sorted(pair.declared & names.keys() & later.keys()):
        element = pair.after.sketch.elements[key]
        is_part = element.holder is not None and (element.inline or "index" in element.kind)
        owner = pair.after.sketch.elements[element.holder or ""] if is_part else element
        path = [] if owner.namespace is None else [later[owner.namespace]]
        if owner.namespace is not None and later[owner.namespace] != names[owner.namespace]:
            continue  # what is in it goes and comes with it
        if owner is not element:
            # The columns of a table that was renamed without a word are not there; its indexes have no old path.
            if later[owner.key] != names[owner.key] and (owner.key not in pair.declared or "index" in element.kind):
                continue
            path.append(later[owner.key])
        path.append(names[key])
        if not _is_ambiguous(path, element, pair.before):
            yield f"{'.'.join(map(_quoted, path))}:{_quoted(later[key])}"


def _is_ambiguous(path: Sequence[str], element: Element, before: Named) -> bool:
    """Whether the path may as well lead to something else: another's namespace, or a column called like an index."""
    elements, names = before.sketch.elements.values(), before.names
    if "index" in element.kind:
        return any(names.get(e.key) == path[-1] for e in elements if e.inline and e.holder == element.holder)
    # The table that a renamed one takes the name of may have had an index called like a column of this one.
    indexes = {(names[e.holder], names[e.key]) for e in elements if "index" in e.kind and e.holder and e.key in names}
    if element.holder is not None and tuple(path[-2:]) in indexes:
        return True
    apart = (e for e in elements if e.holder is None or e.kind == "partition")
    tables = {names[e.key] for e in apart if e.key in names and e.kind != "namespace"}
    return element.namespace is not None and path[0] in tables


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _script(sketch: Sketch, names: Mapping[str, str]) -> Iterator[str]:
    def named(match: re.Match[str]) -> str:
        key = match[1]
        quoted = sketch.dialect.quote(names[key])
        namespace = sketch.elements[key].namespace
        if namespace is not None:
            quoted = f"{sketch.dialect.quote(names[namespace])}.{quoted}"
        return quoted.replace("'", "''") if match[3] else quoted

    return (_TOKEN.sub(named, text) for text in _statements(sketch))


def _statements(sketch: Sketch) -> Iterator[str]:
    for element in sketch.elements.values():
        if element.inline:
            continue
        text = element.sql
        if LINES in text:
            parts: Sequence[Element] = [e for e in sketch.elements.values() if e.inline and e.holder == element.key]
            text = text.replace(LINES, ",\n  ".join(part.sql for part in parts))
            text = text.replace(TAIL, "".join(part.tail for part in parts))
        yield text
