"""Database URLs, read strictly: what is ambiguous is refused, and no message repeats a password."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import cast
from urllib.parse import unquote_to_bytes

from querynl.connections.target import DEFAULT_PORTS, MEMORY, SSL_MODES, Dialect, SSLMode, Target
from querynl.errors import URLInvalid

_SCHEMES: dict[str, Dialect] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mariadb",
    "sqlite": "sqlite",
}
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS, without those that hold a secret.
_LIBPQ_OPTIONS = frozenset(
    (
        "application_name",
        "channel_binding",
        "connect_timeout",
        "gssencmode",
        "hostaddr",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "krbsrvname",
        "load_balance_hosts",
        "options",
        "passfile",
        "require_auth",
        "service",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslnegotiation",
        "sslsni",
        "target_session_attrs",
        "tcp_user_timeout",
    )
)
_MYSQL_OPTIONS = frozenset(("connect_timeout", "sslcert", "sslkey", "unix_socket"))
_FIELDS = frozenset(("user", "password", "host", "port", "dbname", "sslmode", "sslrootcert"))
# The names other tools write for the same thing.
_ALIASES = {
    "ssl-mode": "sslmode",
    "ssl_mode": "sslmode",
    "ssl-ca": "sslrootcert",
    "ssl_ca": "sslrootcert",
    "ssl-cert": "sslcert",
    "ssl_cert": "sslcert",
    "ssl-key": "sslkey",
    "ssl_key": "sslkey",
    "socket": "unix_socket",
}
_SSL_MODE_ALIASES = {
    "allow": "prefer",
    "disabled": "disable",
    "preferred": "prefer",
    "required": "require",
    "verify_ca": "verify-ca",
    "verify_identity": "verify-full",
}
_ESCAPES = "Inside a user name, password or database name write % as %25, / as %2F, ? as %3F, # as %23, @ as %40."
_FORMS = (
    "Write it as postgresql://user@host/database, mysql://user@host/database, mariadb://user@host/database,"
    " sqlite:///file.db or sqlite:////absolute/file.db."
)


def is_url(text: str) -> bool:
    """Whether the text is meant as a URL, not as the name of a connection."""
    return "://" in text


def parse_url(text: str) -> Target:
    """The target a URL names, with the port its engine uses where a host has none.

    Follows https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS for every
    engine; SQLite as SQLAlchemy writes it, three slashes and a path. A driver (`postgresql+psycopg`) is
    accepted and dropped. Raises `URLInvalid`, which names the part that is wrong.
    """
    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        raise URLInvalid("The database URL has no ://.", remedy=_FORMS)
    dialect = _parse_scheme(scheme)
    if "#" in rest:
        raise URLInvalid("The database URL has a bare '#'.", remedy=_ESCAPES)
    location, _, query = rest.partition("?")
    if dialect == "sqlite":
        return _parse_sqlite(location, query)
    authority, slash, path = location.partition("/")
    if "@" in path or "@" in query:
        raise URLInvalid("The database URL has a bare '@' after its host.", remedy=_ESCAPES)
    user, at, address = authority.rpartition("@")
    fields = _parse_query(dialect, query)
    if at:
        username, colon, password = user.partition(":")
        fields["user"] = _decode(username, "user name") or fields.get("user")
        if colon:
            fields["password"] = _decode(password, "password")
    host, port = _parse_address(address)
    host = host or fields.get("host")
    if dialect != "postgresql" and host is None and fields.get("unix_socket") is None:
        host = "localhost"
    if port is None and fields.get("port"):
        port = _parse_port(fields["port"] or "")
    return Target(
        dialect=dialect,
        host=host,
        port=port or (DEFAULT_PORTS[dialect] if host else None),
        database=(_decode(path, "database name") if slash else None) or fields.get("dbname"),
        username=fields.get("user"),
        password=fields.get("password"),
        ssl_mode=cast("SSLMode | None", fields.get("sslmode")),
        ssl_root_cert=fields.get("sslrootcert"),
        options=tuple(sorted((name, value) for name, value in fields.items() if value and name not in _FIELDS)),
    )


def _parse_scheme(scheme: str) -> Dialect:
    engine = scheme.casefold().partition("+")[0]
    if engine in _SCHEMES:
        return _SCHEMES[engine]
    # Anything else before :// may be a user name and password, which no message repeats.
    named = f" '{scheme}'" if re.fullmatch(r"[A-Za-z][A-Za-z0-9_+.-]*", scheme) else ""
    raise URLInvalid(f"The database URL has an unknown scheme{named}.", remedy=_FORMS)


def _parse_sqlite(location: str, query: str) -> Target:
    if query:
        raise URLInvalid("A SQLite URL takes no parameters.", remedy="Write a '?' in a file name as %3F.")
    if location and not location.startswith("/"):
        raise URLInvalid(
            "The SQLite URL has a host.",
            remedy="A relative file takes three slashes (sqlite:///file.db), an absolute one four.",
        )
    return Target(dialect="sqlite", file=_decode(location[1:], "file name") or MEMORY)


def _parse_address(address: str) -> tuple[str | None, int | None]:
    if "," in address:
        raise URLInvalid("The database URL has several hosts.", remedy="Name the one to connect to.")
    if address.startswith("["):
        inner, bracket, after = address[1:].partition("]")
        if not bracket or not re.fullmatch(r"[0-9A-Fa-f:.]+(%25[\w.-]+)?", inner):
            raise URLInvalid("The IPv6 host of the database URL is malformed.", remedy="Write it as [::1].")
        if after and not after.startswith(":"):
            raise URLInvalid("The database URL has text between its host and its port.", remedy=_FORMS)
        return _decode(inner, "host"), _parse_port(after[1:]) if after[1:] else None
    host, _, port = address.partition(":")
    if ":" in port:
        raise URLInvalid("The database URL has more than one port.", remedy="Write an IPv6 host as [::1].")
    decoded = _decode(host, "host")
    if re.search(r"[\s@?#\[\]]", decoded) or ("/" in decoded and not decoded.startswith("/")):
        raise URLInvalid("The host of the database URL is malformed.", remedy=_FORMS)
    return decoded or None, _parse_port(port) if port else None


def _parse_port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise URLInvalid("The port of the database URL is not a number between 1 and 65535.", remedy=_ESCAPES)
    return int(text)


def _parse_query(dialect: Dialect, query: str) -> dict[str, str | None]:
    known = _FIELDS | (_LIBPQ_OPTIONS if dialect == "postgresql" else _MYSQL_OPTIONS)
    fields: dict[str, str | None] = {}
    for pair in query.split("&") if query else ():
        key, equals, value = pair.partition("=")
        name = _ALIASES.get(key, key)
        decoded = _decode(value, f"parameter {name}" if name in known else "query")
        if name == "charset" and dialect != "postgresql":
            _check_charset(decoded)
        elif name not in known or not equals:
            raise _unknown_parameter(key, known, dialect)
        elif name in fields:
            raise URLInvalid(f"The database URL has the parameter '{name}' twice.")
        else:
            fields[name] = _check_parameter(name, decoded)
    return fields


def _unknown_parameter(name: str, known: frozenset[str], dialect: Dialect) -> URLInvalid:
    import difflib

    near = difflib.get_close_matches(name, known, 1)
    # A piece of a password after a bare '?' looks like a parameter too: only what resembles one is repeated.
    if near:
        return URLInvalid(f"The database URL has an unknown parameter '{name}'.", remedy=f"Did you mean '{near[0]}'?")
    return URLInvalid(f"The database URL has a parameter that {dialect} does not take.", remedy=_ESCAPES)


def _check_charset(value: str) -> None:
    if value.casefold() not in ("utf8", "utf8mb4"):
        raise URLInvalid("The charset of the database URL is not utf8mb4.", remedy="QueryNL always speaks utf8mb4.")


def _check_parameter(name: str, value: str) -> str:
    if name == "sslmode":
        mode = _SSL_MODE_ALIASES.get(value.casefold(), value.casefold())
        if mode not in SSL_MODES:
            raise URLInvalid("The sslmode of the database URL is unknown.", remedy=f"One of {', '.join(SSL_MODES)}.")
        return mode
    if name == "connect_timeout" and not re.fullmatch(r"[1-9][0-9]{0,5}", value):
        raise URLInvalid("The connect_timeout of the database URL is not a number of seconds.")
    return value


def _decode(text: str, part: str) -> str:
    """The text without its percent escapes; `part` is what an error calls it."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise URLInvalid(f"The {part} in the database URL has a '%' that starts no escape.", remedy=_ESCAPES)
    decoded = None
    with suppress(UnicodeError):
        decoded = unquote_to_bytes(text).decode()
    if decoded is None:  # raised out here: the decoder's own error holds the text
        raise URLInvalid(f"The {part} in the database URL is not UTF-8.", remedy="Escape its UTF-8 bytes.")
    if "\0" in decoded:
        raise URLInvalid(f"The {part} in the database URL has a NUL character.")
    return decoded
