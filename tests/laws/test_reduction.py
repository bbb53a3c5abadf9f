"""A failing pair is reduced to what its failure needs, and a soak goes on where it stopped."""

from pathlib import Path

import pytest

from querynl.dialects import dialect_named
from querynl.errors import StatementFailed
from tests.golden import read_case
from tests.laws.reduction import reduced
from tests.laws.sketch import LINES, Element, Named, Pair, Sketch
from tools.soak import Outcome, Record, case_of

TABLE = Element("t1", "table", f"CREATE TABLE «t1» ({LINES})")
KEPT = Element("c2", "column", "«c2» int", "t1", inline=True)
OTHER = Element("c3", "column", "«c3» int", "t1", inline=True)
VIEW = Element("v4", "view", "CREATE VIEW «v4» AS SELECT «c2» FROM «t1»")
ELSE = Element("t5", "table", "CREATE TABLE «t5» (n int)")
NAMES = {"t1": "sel'ect", "c2": "from", "c3": "c d", "v4": "x", "t5": "y"}


def side(*elements: Element) -> Named:
    sketch = Sketch(dialect_named("sqlite"))
    for element in elements:
        sketch.add(element)
    return Named(sketch, {element.key: NAMES[element.key] for element in elements})


def test_a_pair_is_reduced_to_what_its_failure_needs(tmp_path: Path) -> None:
    pair = Pair(side(TABLE, KEPT, OTHER, ELSE), side(TABLE, KEPT, OTHER, VIEW, ELSE))

    def attempt(tried: Pair) -> None:
        if any("VIEW" in statement for statement in tried.after.script):
            raise StatementFailed("no such view: x", sql="")

    with pytest.raises(StatementFailed) as failure:
        attempt(pair)
    small, error = reduced(pair, failure.value, attempt, seconds=10)
    assert small.before.script == ()
    assert small.after.script == ('CREATE TABLE "t1" ("c2" int)', 'CREATE VIEW "v4" AS SELECT "c2" FROM "t1"')

    path = tmp_path / "case.md"
    path.write_text(case_of(small, error, dialect_named("sqlite")))
    assert read_case(path).engines == ["sqlite"]
    assert "CREATE VIEW" in read_case(path).text("after", "sqlite")


def test_a_soak_tries_again_what_failed_and_what_was_not_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.soak.FOLDER", tmp_path)
    record = Record("sqlite", 7, {0: Outcome(0, proved=50), 2: Outcome(2, failure="a.md")})
    record.save()
    assert record.missing(4) == [1, 2, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["sqlite-7.json"]
