"""Who owns the throwaway databases on a server, and the removal of those whose owner is gone."""

from __future__ import annotations

import re
import secrets
import time
from contextlib import suppress

from msgspec import Struct

from querynl.connections import Connection
from querynl.dialects.throwaway import throwaway_of
from querynl.errors import StatementFailed

PREFIX = "querynl_scratch_"

_FIRST_PAUSE_SECONDS = 0.001
_PATIENCE_SECONDS = 0.01
_LAST_PAUSE_SECONDS = 0.2


class Owner(Struct, frozen=True):
    """One process at work, for as long as the session lasts by which it claimed to be this owner."""

    name: str

    def database(self, number: int) -> str:
        """The name of one of its databases."""
        return f"{PREFIX}{self.name}_{number}"


def new_owner(server: Connection) -> Owner:
    """An owner that the session claims; on a server that gives no lock, one that nobody ever takes to be gone."""
    number = str(secrets.randbits(31))
    owner = Owner(_prefix(server) + number)
    with suppress(StatementFailed):
        if _claim(server, owner):
            return owner
    return Owner(f"unclaimed{number}")


def remove_abandoned(server: Connection) -> None:
    """Remove the databases of every owner that is gone, as far as the account may."""
    prefix = _prefix(server)
    name = re.compile(rf"{PREFIX}({re.escape(prefix)}\d+)_\d+")
    owners = {found[1] for each in _names(server, PREFIX + prefix) if (found := name.fullmatch(each))}
    for owner in sorted(owners):
        remove_if_abandoned(server, Owner(owner))


def remove_if_abandoned(server: Connection, owner: Owner) -> bool:
    """Remove the owner's databases, as far as the account may, and return true; do nothing if it is still there."""
    try:
        if not _claim(server, owner):
            return False
        for name in _names(server, f"{PREFIX}{owner.name}_"):
            with suppress(StatementFailed):
                remove(server, name)
    finally:
        server.rows(throwaway_of(server.dialect).release.format(owner=owner.name))
    return True


def remove_accounts(server: Connection) -> None:
    """Drop the accounts that statements made on a private server, unless a database is there that may need them."""
    if not _names(server, PREFIX):
        for (drop,) in server.rows(throwaway_of(server.dialect).strays):
            with suppress(StatementFailed):  # another process was quicker
                server.execute(drop)


def remove(server: Connection, name: str) -> None:
    """Drop a throwaway database, with whatever sessions are still in it, and what ties it to other servers."""
    words = throwaway_of(server.dialect)
    pause = _FIRST_PAUSE_SECONDS
    while pause < _LAST_PAUSE_SECONDS and (sessions := sessions_in(server, name)):
        # One that was closed is there for a moment still, in which the drop would wait for it by the tenth of a second.
        if pause > _PATIENCE_SECONDS:
            for session in sessions:
                with suppress(StatementFailed):  # it ended by itself
                    server.rows(words.end.format(session=session))
        time.sleep(pause)
        pause *= 2
    drop = words.drop.format(name=name)
    try:
        server.execute(drop)
    except StatementFailed:
        if words.ties is None:
            raise
        with server.another(name) as session:
            for (statement,) in session.rows(words.ties):
                session.execute(statement)
        server.execute(drop)


def sessions_in(server: Connection, name: str) -> list[object]:
    """The sessions in a database, by their numbers."""
    words = throwaway_of(server.dialect)
    return [row[0] for row in server.rows(words.sessions) if row[words.session_database] == name]


def _claim(server: Connection, owner: Owner) -> bool:
    [(claimed,)] = server.rows(throwaway_of(server.dialect).claim.format(owner=owner.name))
    return bool(claimed)


def _prefix(server: Connection) -> str:
    [(prefix,)] = server.rows(throwaway_of(server.dialect).prefix)
    return str(prefix)


def _names(server: Connection, start: str) -> list[str]:
    return [name for (name,) in server.rows(throwaway_of(server.dialect).names.format(start=start))]
