"""MySQL 8.0 to 9.x and MariaDB from 10.6: two engines of one family in one room."""

from querynl.dialects.mysql.dialect import MySQL

__all__ = ["MySQL"]
