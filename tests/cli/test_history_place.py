"""The commands keep to the history that the configuration chooses."""

import pytest

from tests.cli.shell import Shell
from tests.engines import Database


@pytest.mark.engines("sqlite")
def test_every_command_keeps_to_the_name_that_the_configuration_gives(shell: Shell, database: Database) -> None:
    shell.write("querynl.toml", '[history]\nname = "billing"\n')
    shell.write("migrations/1_words_up.sql", "CREATE TABLE words (id int);\n")

    shell.done(["migrate", "apply", "--confirm", "-c", database.url])

    assert database.rows("SELECT migration_id FROM querynl_history_billing") == [("1_words",)]
    [known] = shell.done(["migrate", "status", "--format", "json", "-c", database.url]).document()["migrations"]
    assert known["status"] == "applied"
    shell.write("querynl.toml", '[history]\nname = "Bill; DROP"\n')
    assert shell(["migrate", "status", "-c", database.url]).status == 5
