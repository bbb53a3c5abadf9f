"""Passwords: the order they are looked up in, where they are kept, and that nobody else can read them."""

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import msgspec
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.null import Keyring as ForgetfulKeyring

from querynl.connections import Profile, Target, connect, parse_url
from querynl.connections.credentials import delete_password, find_password, store_password, variable, vault_file
from querynl.errors import AuthenticationFailed, CredentialUnavailable
from tests.engines import Database

TARGET = Profile(name="Blog-db", dialect="postgresql", host="h", username="ann").target()


class MemoryKeyring(KeyringBackend):
    """A keyring that lasts as long as the test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class BrokenKeyring(MemoryKeyring):
    """A keyring whose service has gone away."""

    def get_password(self, service: str, username: str) -> str | None:
        raise OSError("the bus is gone")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise OSError(f"cannot keep {password}")


@pytest.fixture
def restored_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.fixture
def memory_keyring(restored_keyring: None) -> MemoryKeyring:
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    return backend


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYNL_KEYRING_PASSWORD", "open sesame")


def test_nothing_stored_leaves_the_password_to_the_driver() -> None:
    assert find_password(TARGET) is None


def test_places_are_asked_in_their_order(
    memory_keyring: MemoryKeyring, secret: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mysql = msgspec.structs.replace(TARGET, dialect="mysql")
    (Path.home() / ".my.cnf").write_text("[client]\npassword=from my.cnf\n")
    assert find_password(mysql) == "from my.cnf"
    assert find_password(TARGET) is None
    monkeypatch.setenv("MYSQL_PWD", "from MYSQL_PWD")
    assert find_password(mysql) == "from MYSQL_PWD"
    keyring.set_keyring(ForgetfulKeyring())  # type: ignore[no-untyped-call]
    store_password("Blog-db", "from the file")
    assert find_password(mysql) == "from the file"
    keyring.set_keyring(memory_keyring)
    store_password("Blog-db", "from the keyring")
    assert find_password(mysql) == "from the keyring"
    commanded = msgspec.structs.replace(mysql, password_command="echo 'from the command'")
    assert find_password(commanded) == "from the command"
    monkeypatch.setenv("QUERYNL_PASSWORD", "from QUERYNL_PASSWORD")
    assert find_password(commanded) == "from QUERYNL_PASSWORD"
    monkeypatch.setenv("QUERYNL_PASSWORD_BLOG_DB", "from its own variable")
    assert find_password(commanded) == "from its own variable"
    assert find_password(msgspec.structs.replace(commanded, password="from the URL")) == "from the URL"


def test_url_without_password_asks_neither_keyring_nor_file(memory_keyring: MemoryKeyring) -> None:
    store_password("h", "somebody's")
    assert find_password(parse_url("postgresql://ann@h/d")) is None


def test_url_without_password_takes_the_general_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYNL_PASSWORD", "general")
    assert find_password(parse_url("postgresql://ann@h/d")) == "general"


def test_empty_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYNL_PASSWORD_BLOG_DB", "")
    monkeypatch.setenv("QUERYNL_PASSWORD", "general")
    assert find_password(TARGET) == "general"


def test_variable_of_a_name_with_other_characters() -> None:
    assert variable("Blog-db.é 2") == "QUERYNL_PASSWORD_BLOG_DB___2"


def test_keyring_keeps_and_forgets_a_password(memory_keyring: MemoryKeyring) -> None:
    assert store_password("Blog-db", "hidden") == "keyring"
    assert memory_keyring.kept == {("querynl", "Blog-db"): "hidden"}
    delete_password("Blog-db")
    delete_password("Blog-db")
    assert find_password(TARGET) is None
    assert not vault_file().exists()


@pytest.mark.parametrize("backend", [BrokenKeyring, ForgetfulKeyring])
def test_keyring_that_keeps_nothing_counts_as_none(
    backend: type[KeyringBackend], restored_keyring: None, secret: None
) -> None:
    keyring.set_keyring(backend())
    assert find_password(TARGET) is None
    assert store_password("Blog-db", "hidden") == "encrypted file"
    assert find_password(TARGET) == "hidden"


def test_without_any_place_to_keep_it_the_error_names_three_without_the_password() -> None:
    with pytest.raises(CredentialUnavailable) as caught:
        store_password("Blog-db", "hidden")
    for place in ("QUERYNL_KEYRING_PASSWORD", "QUERYNL_PASSWORD_BLOG_DB", "password_command"):
        assert place in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert caught.value.exit_status == 3


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_encrypted_file_is_private_and_tells_neither_names_nor_passwords(secret: None) -> None:
    store_password("Blog-db", "hidden")
    store_password("other", "secret too")
    assert stat.S_IMODE(vault_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(vault_file().parent.stat().st_mode) == 0o700
    text = vault_file().read_text()
    assert set(json.loads(text)) == {"format", "salt", "sealed"}
    assert "hidden" not in text
    assert "Blog" not in text
    delete_password("other")
    assert find_password(TARGET) == "hidden"


def test_encrypted_file_does_not_open_with_another_secret(secret: None, monkeypatch: pytest.MonkeyPatch) -> None:
    store_password("Blog-db", "hidden")
    before = vault_file().read_bytes()
    monkeypatch.setenv("QUERYNL_KEYRING_PASSWORD", "open barley")
    with pytest.raises(CredentialUnavailable, match="QUERYNL_KEYRING_PASSWORD"):
        find_password(TARGET)
    with pytest.raises(CredentialUnavailable):
        store_password("other", "x")
    assert vault_file().read_bytes() == before


@pytest.mark.parametrize("content", ["", "{}", "[]", "nonsense", '{"format": 2}', '{"format": 1, "salt": 3}'])
def test_damaged_encrypted_file_is_an_error_and_stays_as_it_is(secret: None, content: str) -> None:
    vault_file().parent.mkdir(parents=True)
    vault_file().write_text(content)
    with pytest.raises(CredentialUnavailable):
        find_password(TARGET)
    assert vault_file().read_text() == content


@pytest.mark.parametrize(
    ("command", "reason"),
    [("false", "status 1"), ("true", "nothing"), ("no-such-program", "no-such-program"), ("'", "quotation")],
)
def test_password_command_that_fails_says_why(command: str, reason: str) -> None:
    with pytest.raises(CredentialUnavailable, match=reason):
        find_password(msgspec.structs.replace(TARGET, password_command=command))


def test_password_command_runs_no_shell(tmp_path: Path) -> None:
    target = msgspec.structs.replace(TARGET, password_command=f"echo x; touch {tmp_path / 'made'}")
    find_password(target)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("content", "password"),
    [
        ('!includedir /etc/x\n[mysqld]\npassword=no\n[client]\nuser = ann\npassword = "a # b"\n', "a # b"),
        ("[client]\nuser=bob\npassword=bobs\n", None),
        ("[client]\npassword\n", None),
        ("no file of options", None),
    ],
)
def test_my_cnf_gives_the_password_of_its_own_user(content: str, password: str | None) -> None:
    (Path.home() / ".my.cnf").write_text(content)
    assert find_password(Target(dialect="mariadb", host="h", username="ann")) == password


@pytest.mark.engines("mysql", "mariadb")
def test_connection_takes_the_stored_password(database: Database, memory_keyring: MemoryKeyring) -> None:
    user = database.name.replace("querynl_test_", "account_")
    database.execute(f"CREATE USER {user} IDENTIFIED BY 'hidden'")
    try:
        target = msgspec.structs.replace(parse_url(database.url), username=user, database=None)
        profile = Profile.from_target("stored", target).target()
        with pytest.raises(AuthenticationFailed):
            connect(profile)
        store_password("stored", "hidden")
        with connect(profile) as connection:
            assert connection.rows("SELECT 1") == [(1,)]
    finally:
        database.execute(f"DROP USER {user}")
