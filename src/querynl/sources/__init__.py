"""Anything a schema can come from: JSON, SQL files, a live database, nothing at all."""

from __future__ import annotations

from querynl.sources.comparison import Comparison, compare
from querynl.sources.reading import Declared, Live, Source, SQLTexts, read_source

__all__ = ["Comparison", "Declared", "Live", "SQLTexts", "Source", "compare", "read_source"]
