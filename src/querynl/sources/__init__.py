"""Anything a schema can come from: JSON, SQL files, migrations, models, a live database, nothing at all."""

from __future__ import annotations

from querynl.sources.comparison import Comparison, compare
from querynl.sources.migrations import Migrations
from querynl.sources.models import Models
from querynl.sources.reading import Declared, Live, Source, SQLTexts, read_source, read_sources

__all__ = [
    "Comparison",
    "Declared",
    "Live",
    "Migrations",
    "Models",
    "SQLTexts",
    "Source",
    "compare",
    "read_source",
    "read_sources",
]
