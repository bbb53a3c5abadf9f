"""Where passwords come from, and where they are kept."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from querynl.config import config_folder
from querynl.connections.private import one_writer
from querynl.connections.target import Target
from querynl.connections.vault import read_vault, write_vault
from querynl.errors import CredentialUnavailable

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_SERVICE = "querynl"
_COMMAND_TIMEOUT_S = 60
_MY_CNF = ("/etc/my.cnf", "/etc/mysql/my.cnf", "~/.my.cnf")


def find_password(target: Target) -> str | None:
    """The first password found for the target, or None, which leaves it to the driver (libpq reads
    PGPASSWORD, .pgpass and pg_service.conf by itself).

    In this order: the target's own (a URL's), `QUERYNL_PASSWORD_<NAME>`, `QUERYNL_PASSWORD`, the profile's
    `password_command`, the keyring, the encrypted file, and for MySQL and MariaDB `MYSQL_PWD` and the
    `[client]` group of my.cnf. Nothing after the first one found is asked. Raises `CredentialUnavailable`
    for a place that has the password but does not give it.
    """
    return next(_passwords(target), None)


def store_password(profile: str, password: str) -> Literal["keyring", "encrypted file"]:
    """Keep a profile's password, and say where.

    Raises `CredentialUnavailable` when there is neither a keyring nor `QUERYNL_KEYRING_PASSWORD`.
    """
    if _store_in_keyring(profile, password):
        return "keyring"
    secret = os.environ.get("QUERYNL_KEYRING_PASSWORD")
    if not secret:
        raise CredentialUnavailable(
            "There is no keyring to keep the password in.",
            where=profile,
            remedy=(
                f"Set QUERYNL_KEYRING_PASSWORD to keep it in an encrypted file, or give it in {variable(profile)},"
                " or by a password_command."
            ),
        )
    with one_writer(vault_file()):
        write_vault(vault_file(), secret, {**read_vault(vault_file(), secret), profile: password})
    return "encrypted file"


def delete_password(profile: str) -> None:
    """Forget a profile's password wherever it can be reached; one that was never stored is no error."""
    backend = _keyring()
    if backend is not None and _ask_keyring(backend, profile) is not None:
        backend.delete_password(_SERVICE, profile)
    secret = os.environ.get("QUERYNL_KEYRING_PASSWORD")
    if secret and vault_file().exists():
        with one_writer(vault_file()):
            passwords = read_vault(vault_file(), secret)
            if passwords.pop(profile, None) is not None:
                write_vault(vault_file(), secret, passwords)


def variable(profile: str) -> str:
    """The environment variable that holds a profile's password."""
    return "QUERYNL_PASSWORD_" + re.sub(r"[^A-Z0-9]", "_", profile.upper())


def vault_file() -> Path:
    """The encrypted file."""
    return config_folder() / "passwords.json"


def _passwords(target: Target) -> Iterator[str]:
    """Every password for the target, best first, looked up one by one as they are asked for."""
    if target.password is not None:
        yield target.password
    for name in ([variable(target.profile)] if target.profile else []) + ["QUERYNL_PASSWORD"]:
        if os.environ.get(name):
            yield os.environ[name]
    if target.password_command:
        yield _run_command(target.password_command, target.name)
    if target.profile:
        yield from _stored(target.profile)
    if target.dialect in ("mysql", "mariadb"):
        if os.environ.get("MYSQL_PWD"):
            yield os.environ["MYSQL_PWD"]
        yield from _my_cnf_passwords(target.username)


def _stored(profile: str) -> Iterator[str]:
    backend = _keyring()
    kept = _ask_keyring(backend, profile) if backend is not None else None
    if kept is not None:
        yield kept
    secret = os.environ.get("QUERYNL_KEYRING_PASSWORD")
    if secret:
        passwords = read_vault(vault_file(), secret)
        if profile in passwords:
            yield passwords[profile]


def _run_command(command: str, name: str) -> str:
    """The first line that the command prints, which may ask on the terminal by itself (as gpg does)."""
    import shlex
    import subprocess

    reason = "it printed nothing"
    try:
        done = subprocess.run(
            shlex.split(command), stdout=subprocess.PIPE, text=True, timeout=_COMMAND_TIMEOUT_S, check=False
        )
        if done.returncode == 0 and done.stdout.splitlines():
            return done.stdout.splitlines()[0]
        if done.returncode != 0:
            reason = f"it ended with status {done.returncode}"
    except subprocess.TimeoutExpired:
        reason = f"it took longer than {_COMMAND_TIMEOUT_S} seconds"
    except (OSError, ValueError) as error:
        reason = str(error)
    raise CredentialUnavailable(
        f"The password_command gave no password: {reason}.", where=name, remedy="Run the command by hand to see why."
    )


def _keyring() -> KeyringBackend | None:
    """The system's keyring, or None where there is none that can keep anything."""
    try:
        import keyring
        from keyring.backends import fail, null

        backend = keyring.get_keyring()
    except Exception:  # a backend may fail in ways of its own while it starts; each means that there is none
        return None
    return None if isinstance(backend, fail.Keyring | null.Keyring) else backend


def _ask_keyring(backend: KeyringBackend, profile: str) -> str | None:
    try:
        return backend.get_password(_SERVICE, profile)
    except Exception:  # locked, or its service is gone: as good as no keyring, whatever the backend raises
        return None


def _store_in_keyring(profile: str, password: str) -> bool:
    backend = _keyring()
    if backend is None:
        return False
    try:
        backend.set_password(_SERVICE, profile, password)
    except Exception:  # as above; no message of a backend that was just given a password is passed on
        return False
    return _ask_keyring(backend, profile) == password


def _my_cnf_passwords(username: str | None) -> Iterator[str]:
    """The `[client]` password, the user's own file first, unless that group is for another user.

    https://dev.mysql.com/doc/refman/9.5/en/option-files.html
    """
    import configparser

    for file in reversed(_MY_CNF):
        parser = configparser.RawConfigParser(allow_no_value=True, strict=False)
        try:
            text = Path(file).expanduser().read_text(encoding="utf-8")
            parser.read_string("\n".join(line for line in text.splitlines() if not line.lstrip().startswith("!")))
        except (OSError, ValueError, configparser.Error):
            continue  # mysql's own client warns and goes on, too
        client = dict(parser["client"]) if parser.has_section("client") else {}
        password = client.get("password")
        if password is not None and _unquote(client.get("user")) in (None, username):
            yield _unquote(password) or ""


def _unquote(value: str | None) -> str | None:
    quoted = value is not None and len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted and value is not None else value
