"""What each engine has, as vocabularies to draw sketches from."""

from tests.laws.engines import mysql, postgresql, sqlite
from tests.laws.sketch import Vocabulary

VOCABULARIES: dict[str, Vocabulary] = {
    "postgresql": postgresql.VOCABULARY,
    "mysql": mysql.MYSQL,
    "mariadb": mysql.MARIADB,
    "sqlite": sqlite.VOCABULARY,
}
