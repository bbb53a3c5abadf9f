"""Passwords in one encrypted file, for machines without a keyring."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

from querynl.connections.private import write_private
from querynl.errors import CredentialUnavailable

# scrypt as RFC 7914 describes it: 32 MiB and about a tenth of a second for each guess.
_COST, _BLOCK_SIZE, _PARALLEL = 2**15, 8, 1
_FORMAT = 1


def read_vault(file: Path, secret: str) -> dict[str, str]:
    """Every password by the name of its connection; none when there is no file.

    Raises `CredentialUnavailable` when the secret does not open the file.
    """
    from cryptography.fernet import Fernet, InvalidToken

    if not file.exists():
        return {}
    passwords: object = None
    try:
        envelope = json.loads(file.read_text(encoding="utf-8"))
        if envelope["format"] == _FORMAT:
            key = _derive_key(secret, base64.b64decode(envelope["salt"]))
            passwords = json.loads(Fernet(key).decrypt(envelope["sealed"]))
    except (InvalidToken, OSError, ValueError, KeyError, TypeError):
        passwords = None
    if not isinstance(passwords, dict):
        raise CredentialUnavailable(
            "The encrypted passwords cannot be opened with QUERYNL_KEYRING_PASSWORD.",
            where=str(file),
            remedy="Set it to the value they were stored with, or remove the file and store the passwords again.",
        )
    return passwords


def write_vault(file: Path, secret: str, passwords: dict[str, str]) -> None:
    """Replace the file by one that holds these passwords, sealed with a key from the secret and a new salt."""
    from cryptography.fernet import Fernet

    salt = os.urandom(16)
    sealed = Fernet(_derive_key(secret, salt)).encrypt(json.dumps(passwords).encode())
    envelope = {"format": _FORMAT, "salt": base64.b64encode(salt).decode(), "sealed": sealed.decode()}
    write_private(file, json.dumps(envelope) + "\n")


def _derive_key(secret: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    derivation = Scrypt(salt=salt, length=32, n=_COST, r=_BLOCK_SIZE, p=_PARALLEL)
    return base64.urlsafe_b64encode(derivation.derive(secret.encode()))
