"""The comment at the head of an SQL file: what the migration does, and what its way back brings back."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from querynl.plan import Plan, Reversibility

_DESCRIPTION = re.compile(r"-- (?:Migration|Undoes): (.*)")

# The comment lines at the head of a script, or the docstring at the head of a revision.
_HEAD = re.compile(r'(?:--.*\n)+|"""(?s:.*?)"""')
_REPLACES = re.compile(r"^(?:-- )?Replaces: ([0-9a-f]+-[0-9a-f]+) (.+?)\r?$", re.MULTILINE)
_ENGINE = re.compile(r"^-- Engine: (\w+)$", re.MULTILINE)

_WAYS_BACK = {
    Reversibility.LOSSLESS: "Undone by {undo}, without loss.",
    Reversibility.STRUCTURE_ONLY: (
        "Undone by {undo}, but not every row comes back: a dropped table or column is empty again, "
        "and a value cut to fit its new type stays cut."
    ),
    Reversibility.NONE: "There is no way back.",
}


def heading(message: str, plan: Plan, undo: str) -> list[str]:
    """The comment lines of the way up; `undo` is the name of what holds the way down."""
    way_back = _WAYS_BACK[plan.reversibility].format(undo=undo)
    return [f"-- Migration: {on_one_line(message)}", f"-- Engine: {plan.dialect}", f"-- {way_back}"]


def undo_heading(message: str, plan: Plan, undone: str) -> list[str]:
    """The comment lines of the way down; `undone` is the name of the file that it undoes."""
    return [f"-- Undoes: {on_one_line(message)}", f"-- Engine: {plan.dialect}", f"-- The way back from {undone}."]


def on_one_line(message: str) -> str:
    """The message with every run of blanks and control characters as one space: a comment ends where its line ends."""
    return " ".join("".join(char if char.isprintable() else " " for char in message).split())


def engine_of(text: str) -> str | None:
    """The engine that a file's head names."""
    match = _ENGINE.search(text)
    return match[1] if match else None


def description_of(text: str, words: str) -> str:
    """The message that a file's head names, else the words of its name."""
    match = _DESCRIPTION.match(text)
    return match[1].strip() if match else words.replace("_", " ").strip()


class Replaced(Struct, frozen=True):
    """A migration that a squashed one stands for, and the checksum of its text."""

    id: str
    checksum: str


def replaced_lines(replaced: Sequence[Replaced]) -> list[str]:
    """What the head of a squashed migration says of those that it replaces, without the signs of a comment."""
    return [f"Replaces: {one.checksum} {one.id}" for one in replaced]


def replaced_in(text: str) -> tuple[Replaced, ...]:
    """The migrations that a file's head says it replaces, oldest first; of any but a squashed one, none."""
    head = _HEAD.match(text)
    if head is None or "Replaces: " not in head[0]:
        return ()
    return tuple(Replaced(match[2], match[1]) for match in _REPLACES.finditer(head[0]))
