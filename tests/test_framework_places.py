"""Where a project's own configuration says that Flyway and Alembic keep their history."""

from pathlib import Path

import pytest

from querynl.errors import ConfigInvalid
from querynl.runner.frameworks.places import Place, alembic_place, flyway_place

FLYWAY, ALEMBIC = Place(None, "flyway_schema_history"), Place(None, "alembic_version")


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("flyway.conf", "# flyway.table=no\nflyway.table = ran\nflyway.schemas=audit, app\n", Place("audit", "ran")),
        ("flyway.conf", "flyway.schemas=audit\nflyway.defaultSchema=app\n", FLYWAY._replace(namespace="app")),
        ("flyway.conf", "flyway.url=jdbc:postgresql://localhost/app\n", FLYWAY),
        ("conf/flyway.conf", "flyway.table=ran\n", Place(None, "ran")),
        ("flyway.toml", '[flyway]\ntable = "ran"\nschemas = ["audit"]\n', Place("audit", "ran")),
        (
            "flyway.toml",
            '[flyway]\nenvironment = "live"\n[environments.live]\nschemas = ["audit"]\n',
            FLYWAY._replace(namespace="audit"),
        ),
    ],
)
def test_flyways_table_is_where_its_configuration_says(tmp_path: Path, name: str, text: str, place: Place) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / name).write_text(text)

    assert flyway_place(tmp_path / "db" / "migrations") == place


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("alembic.ini", "[alembic]\nscript_location = %(here)s/x\nversion_table = ran\n", Place(None, "ran")),
        ("alembic.ini", "[alembic]\nversion_table_schema = audit\n", ALEMBIC._replace(namespace="audit")),
        (
            "env.py",
            'context.configure(url=url, version_table="ran", version_table_schema="audit")\n',
            Place("audit", "ran"),
        ),
        ("env.py", "context.configure(version_table=name())\n", ALEMBIC),
    ],
)
def test_alembics_table_is_where_its_project_says(tmp_path: Path, name: str, text: str, place: Place) -> None:
    (tmp_path / name).write_text(text)

    assert alembic_place(tmp_path / "versions") == place


def test_without_configuration_the_names_are_the_usual_ones(tmp_path: Path) -> None:
    assert flyway_place(tmp_path) == FLYWAY
    assert alembic_place(tmp_path) == ALEMBIC


def test_a_configuration_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "flyway.toml").write_text("[flyway\n")

    with pytest.raises(ConfigInvalid) as refused:
        flyway_place(tmp_path)

    assert str(tmp_path / "flyway.toml") in str(refused.value.where)
