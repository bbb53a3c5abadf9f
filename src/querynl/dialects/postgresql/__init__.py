"""PostgreSQL's room: its terms, its catalog and its SQL."""

from querynl.dialects.postgresql.dialect import PostgreSQL

__all__ = ["PostgreSQL"]
