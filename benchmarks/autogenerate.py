"""Alembic's autogenerate as `alembic revision --autogenerate` runs it: `autogenerate.py URL`, beside `models.py`."""

from __future__ import annotations

import sys
from importlib import import_module

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import create_engine


def main(url: str) -> None:
    sys.path.insert(0, "")
    metadata = import_module("models").metadata
    with create_engine(url).connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        found = produce_migrations(MigrationContext.configure(connection, opts=options), metadata)
        assert found.upgrade_ops is not None
        print(render_python_code(found.upgrade_ops))


main(sys.argv[1])
