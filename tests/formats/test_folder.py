"""Folders read back: all three frameworks, in the order in which their migrations run."""

from pathlib import Path

import pytest

from querynl import formats
from querynl.errors import MigrationInvalid, SourceUnreadable


def revision(id: str, follows: str | None, doc: str = "") -> str:
    return f'"""{doc}"""\nrevision = "{id}"\ndown_revision = {follows!r}\n\n\ndef upgrade():\n    pass\n'


def ids(folder: Path) -> list[str]:
    return [migration.id for migration in formats.find(folder)]


def test_all_frameworks_are_found_side_by_side_oldest_first(tmp_path: Path) -> None:
    (tmp_path / "20250103000000_raw_up.sql").write_text("SELECT 3;")
    (tmp_path / "V20250102000000__flyway.sql").write_text("SELECT 2;")
    (tmp_path / "20250101000000_alembic.py").write_text(revision("20250101000000", None))

    found = formats.find(tmp_path)

    assert [(migration.framework, migration.id) for migration in found] == [
        ("alembic", "20250101000000_alembic"),
        ("flyway", "20250102000000_flyway"),
        ("raw", "20250103000000_raw"),
    ]


def test_a_pair_is_one_migration_with_both_texts(tmp_path: Path) -> None:
    (tmp_path / "20250101000000_go_down_up.sql").write_text("SELECT 1;")
    (tmp_path / "20250101000000_go_down_down.sql").write_text("SELECT -1;")

    (found,) = formats.find(tmp_path)

    assert (found.id, found.text, found.down_text) == ("20250101000000_go_down", "SELECT 1;", "SELECT -1;")


def test_a_flyway_migration_finds_its_undo_script(tmp_path: Path) -> None:
    (tmp_path / "V1.2__two.sql").write_text("SELECT 1;")
    (tmp_path / "U1.2__two.sql").write_text("SELECT -1;")

    (found,) = formats.find(tmp_path)

    assert (found.id, found.path.name, found.down_text) == ("V1.2__two", "V1.2__two.sql", "SELECT -1;")


def test_versions_are_numbers_and_not_texts(tmp_path: Path) -> None:
    for name in ("V10__c.sql", "V9__b.sql", "V9.1__b.sql", "V1_2__a.sql"):
        (tmp_path / name).write_text("SELECT 1;")

    assert ids(tmp_path) == ["V1_2__a", "V9__b", "V9.1__b", "V10__c"]


def test_alembic_revisions_are_in_the_order_of_their_chain(tmp_path: Path) -> None:
    (tmp_path / "a_third.py").write_text(revision("c3", "b2"))
    (tmp_path / "b_first.py").write_text(revision("a1", None))
    (tmp_path / "c_second.py").write_text(revision("b2", "a1"))

    assert ids(tmp_path) == ["b_first", "c_second", "a_third"]


def test_a_merge_comes_after_both_its_branches(tmp_path: Path) -> None:
    (tmp_path / "merge.py").write_text("revision: str = 'm'\ndown_revision = ('left', 'right')\n")
    (tmp_path / "right.py").write_text(revision("right", None))
    (tmp_path / "zleft.py").write_text(revision("left", None))

    assert ids(tmp_path)[-1] == "merge"


def test_no_revision_is_executed_to_be_listed(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(revision("1", None) + "\nraise SystemExit('executed')\n")

    assert ids(tmp_path) == ["one"]


def test_python_that_is_no_revision_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "env.py").write_text("from alembic import context\nprint(")

    assert ids(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["R__view.sql", "r__view.sql", "B1__start.sql", "beforeMigrate.sql", "notes.sql", "x.txt"]
)
def test_what_no_framework_would_run_as_a_version_is_left_out(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("SELECT 1;")

    assert ids(tmp_path) == []


def test_a_way_down_without_its_way_up_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "20250101000000_x_down.sql").write_text("SELECT 1;")
    (tmp_path / "U1__x.sql").write_text("SELECT 1;")

    assert ids(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("20250101000000_add_tags_up.sql", "-- Migration: Add “tags”\n-- Engine: sqlite\n", "Add “tags”"),
        ("20250101000000_add_tags_up.sql", "SELECT 1;", "add tags"),
        ("V1__add_tags.sql", "SELECT 1;", "V1  add tags"),
        ("V20250101000000__add_tags.sql", "SELECT 1;", "add tags"),
        ("add_tags.py", revision("1", None, "Add tags\n\nRevision ID: 1\n"), "Add tags"),
    ],
)
def test_the_description_is_the_message_else_the_name(name: str, text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    (found,) = formats.find(tmp_path)

    assert found.description == expected


def test_one_file_is_read_with_its_other_half(tmp_path: Path) -> None:
    (tmp_path / "1_x_up.sql").write_text("SELECT 1;")
    (tmp_path / "1_x_down.sql").write_text("SELECT -1;")

    assert formats.read_file(tmp_path / "1_x_down.sql") == formats.read_file(tmp_path / "1_x_up.sql")


def test_sql_of_any_name_is_read_as_raw(tmp_path: Path) -> None:
    (tmp_path / "hotfix.sql").write_text("SELECT 1;")

    found = formats.read_file(tmp_path / "hotfix.sql")

    assert (found.id, found.framework, found.text, found.down_text) == ("hotfix", "raw", "SELECT 1;", None)


def test_line_endings_inside_a_file_are_kept(tmp_path: Path) -> None:
    (tmp_path / "x.sql").write_bytes(b"SELECT 'a\r\nb';\r\n")

    assert formats.read_file(tmp_path / "x.sql").text == "SELECT 'a\r\nb';\r\n"


def test_an_empty_folder_holds_no_migration(tmp_path: Path) -> None:
    assert formats.find(tmp_path) == []


def test_a_missing_folder_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="There is no folder") as caught:
        formats.find(tmp_path / "nowhere")

    assert caught.value.remedy


def test_a_file_is_not_taken_for_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x.sql").write_text("SELECT 1;")

    with pytest.raises(SourceUnreadable, match="is not a folder"):
        formats.find(tmp_path / "x.sql")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="There is no file"):
        formats.read_file(tmp_path / "x.sql")


def test_a_file_in_another_encoding_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "1_x_up.sql").write_bytes("SELECT 'ü';".encode("latin-1"))

    with pytest.raises(SourceUnreadable, match=r"1_x_up\.sql is not UTF-8"):
        formats.find(tmp_path)


def test_an_unreadable_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    with pytest.raises(SourceUnreadable, match="cannot be read"):
        formats.find(tmp_path / "loop")


def test_python_without_a_revision_is_no_migration(tmp_path: Path) -> None:
    (tmp_path / "env.py").write_text("x = 1\n")

    with pytest.raises(SourceUnreadable, match="no Alembic revision"):
        formats.read_file(tmp_path / "env.py")


def test_a_revision_that_is_not_python_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("revision = '1'\ndown_revision = (\n")

    with pytest.raises(MigrationInvalid, match=r"x\.py"):
        formats.find(tmp_path)


def test_two_files_with_one_revision_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(revision("1", None))
    (tmp_path / "b.py").write_text(revision("1", None))

    with pytest.raises(MigrationInvalid, match=r"a\.py and b\.py are both revision 1"):
        formats.find(tmp_path)


def test_revisions_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(revision("1", "2"))
    (tmp_path / "b.py").write_text(revision("2", "1"))

    with pytest.raises(MigrationInvalid, match="circle"):
        formats.find(tmp_path)
