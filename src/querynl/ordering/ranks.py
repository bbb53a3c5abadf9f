"""The place that each kind of change prefers, wherever dependencies leave a choice."""

from __future__ import annotations

from querynl.operations import Change, Create, Drop, Operation, Rename, RunSQL, target
from querynl.schema import ROUTINES, Grant, Kind, Ref, kind_of

# What is there for types, tables and expressions to be made of.
GROUNDWORK = (
    *(Kind.LANGUAGE, Kind.ACCESS_METHOD, Kind.COLLATION, Kind.CONVERSION, Kind.CAST),
    *(Kind.OPERATOR, Kind.OPERATOR_FAMILY, Kind.OPERATOR_CLASS),
    *(Kind.TEXT_SEARCH_PARSER, Kind.TEXT_SEARCH_TEMPLATE),
    *(Kind.TEXT_SEARCH_DICTIONARY, Kind.TEXT_SEARCH_CONFIGURATION),
    *(Kind.FOREIGN_DATA_WRAPPER, Kind.SERVER, Kind.USER_MAPPING),
)
_DROP_RANK = {
    # It would otherwise fire for what the migration itself does.
    Kind.EVENT_TRIGGER: 8,
    Kind.SUBSCRIPTION: 9,
    Kind.PUBLICATION: 9,
    Kind.RULE: 10,
    Kind.EVENT: 10,
    Kind.POLICY: 10,
    Kind.TRIGGER: 10,
    Kind.VIEW: 11,
    Kind.FOREIGN_KEY: 12,
    Kind.STATISTICS: 12,
    Kind.CHECK: 13,
    Kind.EXCLUSION: 13,
    Kind.INDEX: 13,
    Kind.UNIQUE: 14,
    Kind.PRIMARY_KEY: 15,
    Kind.COLUMN: 50,
    Kind.TABLE: 80,
    **dict.fromkeys(ROUTINES, 81),
    Kind.TRANSFORM: 81,
    Kind.SEQUENCE: 82,
    **dict.fromkeys(GROUNDWORK, 82),
    Kind.RANGE_TYPE: 83,
    Kind.BASE_TYPE: 84,
    Kind.DOMAIN: 83,
    Kind.COMPOSITE_TYPE: 83,
    Kind.ENUM: 84,
    Kind.EXTENSION: 85,
    Kind.NAMESPACE: 86,
    Kind.GRANT: 6,
    Kind.OWNERSHIP: 8,
    Kind.DEFAULT_PRIVILEGES: 21,
}
_CREATE_RANK = {
    Kind.NAMESPACE: 20,
    Kind.EXTENSION: 21,
    **dict.fromkeys(GROUNDWORK, 22),
    Kind.BASE_TYPE: 22,
    Kind.RANGE_TYPE: 23,
    Kind.ENUM: 22,
    Kind.DOMAIN: 23,
    Kind.COMPOSITE_TYPE: 23,
    Kind.SEQUENCE: 24,
    Kind.TABLE: 30,
    Kind.COLUMN: 31,
    Kind.PRIMARY_KEY: 60,
    Kind.UNIQUE: 61,
    Kind.CHECK: 62,
    Kind.EXCLUSION: 62,
    Kind.INDEX: 63,
    Kind.FOREIGN_KEY: 64,
    Kind.STATISTICS: 65,
    Kind.TRANSFORM: 69,
    **dict.fromkeys(ROUTINES, 70),
    Kind.VIEW: 71,
    Kind.TRIGGER: 72,
    Kind.POLICY: 73,
    Kind.RULE: 73,
    Kind.EVENT: 74,
    # What the new owner had as a grant is taken back before, what the old one keeps is granted after.
    Kind.OWNERSHIP: 8,
    Kind.GRANT: 9,
    Kind.DEFAULT_PRIVILEGES: 21,
    Kind.PUBLICATION: 75,
    Kind.SUBSCRIPTION: 76,
    Kind.EVENT_TRIGGER: 77,
}
_CHANGE_RANK = 40
_RUN_SQL_RANK = 35


def preference(operation: Operation) -> tuple[int, tuple[str, str, str, str]]:
    """The key by which operations sort where nothing depends on their order."""
    ref = target(operation)
    order = ("", "", "", operation.description) if isinstance(operation, RunSQL) else ref.order if ref else ("",) * 4
    match operation:
        case Drop(obj):
            return _DROP_RANK[kind_of(obj)], order
        case Create(obj):
            return _CREATE_RANK[kind_of(obj)], order
        case RunSQL():
            return _RUN_SQL_RANK, order
        case Rename(Ref(kind=Kind.INDEX)):
            return _CHANGE_RANK - 1, ("",) * 4  # they are found in an order in which no name is taken twice
        case Rename():
            return _CHANGE_RANK - 1, order
        case Change(_, Grant()):
            return _CREATE_RANK[Kind.OWNERSHIP] - 1, order
        case Change(_, after):
            # Types and sequences change before the columns that have them, routines and views after.
            rank = _CREATE_RANK[kind_of(after)]
            return (
                rank if rank < _CREATE_RANK[Kind.TABLE] or rank >= _CREATE_RANK[Kind.ROUTINE] else _CHANGE_RANK
            ), order
