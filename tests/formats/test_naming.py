"""Names of migrations: slugs of any message, and ids that nothing else has."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from querynl.errors import MigrationInvalid
from querynl.formats.naming import SLUG_LENGTH, new_id, slug, version_of

NOON = datetime(2025, 10, 16, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Add tags table", "add_tags_table"),
        ("  v2: drop `x`; --\n'y' ", "v2_drop_x_y"),
        ("Ünïcödé – Straße", "unicode_strasse"),
        ("add_tags_table", "add_tags_table"),
        ("添加标签表", "migration"),
        ("🎉", "migration"),
        ("添加 tags", "tags"),
        ("../../etc/passwd", "etc_passwd"),
    ],
)
def test_a_slug_holds_the_ascii_words_of_a_message(message: str, expected: str) -> None:
    assert slug(message) == expected


@pytest.mark.parametrize("message", ["word " * 40, "x" * 200, "a" * 59 + " b"])
def test_a_slug_is_ascii_and_short_whatever_the_message(message: str) -> None:
    found = slug(message)

    assert len(found) <= SLUG_LENGTH
    assert found.isascii()
    assert not found.endswith("_")


@pytest.mark.parametrize("message", ["", "  \n"])
def test_an_empty_message_is_refused(message: str) -> None:
    with pytest.raises(MigrationInvalid, match="empty"):
        slug(message)


def test_an_id_begins_with_the_moment_in_utc() -> None:
    in_tokyo = NOON.astimezone(timezone(timedelta(hours=9)))

    assert new_id("Add tags", in_tokyo, []) == "20251016120000_add_tags"


def test_an_id_takes_the_first_second_that_is_free() -> None:
    taken = ["20251016120000_other", "V20251016120001__flyway.sql", "20251016120002_alembic.py", "notes.txt"]

    assert new_id("Add tags", NOON, taken) == "20251016120003_add_tags"


def test_an_id_comes_after_those_that_are_there_though_the_clock_was_set_back() -> None:
    taken = ["20251017120000_tomorrow", "20251301000000_no_date", "99991231235959_the_end"]

    assert new_id("Add tags", NOON, taken) == "20251017120001_add_tags"


def test_the_version_is_what_an_id_begins_with() -> None:
    assert version_of("20251016120000_add_tags") == "20251016120000"
