"""Golden cases: one behaviour in one Markdown file, with the SQL that each engine is to run.

A file holds a title, perhaps lines `option: value`, and fenced blocks:

    ```sql before            the schema before, for every engine; `sql before mysql` for one
    ```sql after             the schema after
    ```sql rows              rows that stand in it while it migrates (`sql rows mysql` for one engine)
    ```sql postgresql up     what QueryNL runs on PostgreSQL; its presence says that the case is for PostgreSQL
    ```sql postgresql down   and the way back

Options: `engines` (those a new case is for), `roles` (they must be on the server, and stay there), `rename`,
`backfill`, `using` (as on the command line, each may be repeated), `minimum` (`mariadb 10.7`: the oldest version
that has it).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.engines import ENGINES

FOLDER = Path(__file__).with_name("cases")

_FENCE = re.compile(r"^```sql ([a-z ]+)\n(.*?)^```\n?", re.M | re.S)
_OPTION = re.compile(r"^(engines|roles|rename|backfill|using|minimum): (.+)$", re.M)


@dataclass
class Case:
    """One golden file, read."""

    path: Path
    title: str
    blocks: dict[str, str]
    options: dict[str, list[str]] = field(default_factory=dict)

    @property
    def engines(self) -> list[str]:
        """The engines the case is for: those it has expectations of, or is declared for."""
        declared = [name for text in self.options.get("engines", []) for name in re.split(r"[ ,]+", text)]
        return [name for name in ENGINES if name in declared or f"{name} up" in self.blocks]

    def text(self, block: str, engine: str) -> str:
        """The SQL of a block, the engine's own if there is one; empty where there is neither."""
        return self.blocks.get(f"{block} {engine}", self.blocks.get(block, ""))

    def minimum(self, engine: str) -> tuple[int, ...]:
        """The oldest version of the engine that the case is for."""
        for text in self.options.get("minimum", []):
            name, _, version = text.partition(" ")
            if name == engine:
                return tuple(int(number) for number in version.split("."))
        return ()


def read_case(path: Path) -> Case:
    """The case in a file; raises ValueError for one without a title or a schema."""
    text = path.read_text(encoding="utf-8")
    blocks = {match[1].strip(): match[2] for match in _FENCE.finditer(text)}
    options: dict[str, list[str]] = {}
    for match in _OPTION.finditer(_FENCE.sub("", text)):
        options.setdefault(match[1], []).append(match[2].strip())
    if not text.startswith("# ") or not any(name.split()[0] == "after" for name in blocks):
        raise ValueError(f"{path} has no title or no schema after")
    return Case(path, text.partition("\n")[0][2:], blocks, options)


def write_expectation(path: Path, engine: str, up: str, down: str) -> None:
    """Put what an engine ran into the file, in place of what was expected."""
    text = path.read_text(encoding="utf-8")
    for way, script in (("up", up), ("down", down)):
        block = f"```sql {engine} {way}\n{script.rstrip()}\n```\n"
        pattern = re.compile(rf"^```sql {engine} {way}\n.*?^```\n?", re.M | re.S)
        found = pattern.search(text)
        text = text[: found.start()] + block + text[found.end() :] if found else text + block
    path.write_text(text, encoding="utf-8")


CASES = [read_case(path) for path in sorted(FOLDER.rglob("*.md"))]
