"""Settings and profiles: which place wins, what is refused and where, and files that are written safely."""

import multiprocessing
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from querynl import config
from querynl.config import configuration_paths, find_project_file, load_settings
from querynl.connections import (
    Profile,
    add_profile,
    find_profile,
    load_profiles,
    parse_url,
    remove_profile,
    resolve,
    use_profile,
)
from querynl.connections.profiles import profiles_file
from querynl.errors import ConfigInvalid, ConnectionUnknown, UsageInvalid

POSTGRESQL = Profile(name="blog", dialect="postgresql", host="db.example.org", username="ann", database="blog")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_user(text: str) -> None:
    config.config_folder().mkdir(parents=True, exist_ok=True)
    (config.config_folder() / "config.toml").write_text(text)


def origin(name: str) -> str:
    return next(entry.origin for entry in load_settings().entries if entry.name == name)


def test_defaults_hold_without_any_file(project: Path) -> None:
    settings = load_settings()
    assert settings.connection is None
    assert settings.migrations.directory == "./migrations"
    assert settings.migrations.framework == "raw"
    assert settings.registry.url is None
    assert (settings.output.format, settings.output.color) == ("table", "auto")
    assert {entry.origin for entry in settings.entries} == {"default"}


def test_nearer_place_wins_and_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def value() -> tuple[str | None, str]:
        return load_settings().connection, origin("connection")

    write_user('connection = "user"\n')
    assert value() == ("user", f"{config.config_folder() / 'config.toml'}:1")
    (project / "querynl.toml").write_text('# ours\nconnection = "project"\n[env.live]\nconnection = "live"\n')
    assert value() == ("project", f"{project / 'querynl.toml'}:2")
    monkeypatch.setenv("QUERYNL_ENV", "live")
    assert value() == ("live", f"{project / 'querynl.toml'}:4")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///url.db")
    assert value() == ("sqlite:///url.db", "environment DATABASE_URL")
    monkeypatch.setenv("QUERYNL_CONNECTION", "variable")
    assert value() == ("variable", "environment QUERYNL_CONNECTION")
    assert load_settings(flags={"connection": "flag", "output.format": None}).connection == "flag"


def test_every_setting_has_its_variable(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "QUERYNL_MIGRATIONS_DIRECTORY": "db",
        "QUERYNL_MIGRATIONS_FRAMEWORK": "flyway",
        "QUERYNL_REGISTRY_URL": "sqlite:///r.db",
        "QUERYNL_OUTPUT_FORMAT": "json",
        "QUERYNL_OUTPUT_COLOR": "never",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.migrations.directory, settings.migrations.framework) == ("db", "flyway")
    assert settings.registry.url == "sqlite:///r.db"
    assert (settings.output.format, settings.output.color) == ("json", "never")


def test_environment_table_changes_only_what_it_names(project: Path) -> None:
    (project / "querynl.toml").write_text(
        'connection = "dev"\n[migrations]\nframework = "flyway"\n[env.live]\nconnection = "live"\n'
    )
    settings = load_settings(environment="live")
    assert (settings.connection, settings.migrations.framework) == ("live", "flyway")


def test_environment_that_is_nowhere_is_an_error(project: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"env\.live"):
        load_settings(environment="live")
    (project / "querynl.toml").write_text("[env.live]\n")
    load_settings(environment="live")
    with pytest.raises(ConfigInvalid, match="Did you mean 'live'"):
        load_settings(environment="liv")


def test_project_file_is_found_upwards_and_its_paths_are_its_own(project: Path) -> None:
    (project / "querynl.toml").write_text(
        'connection = "sqlite:///app.db"\n'
        'registry.url = "sqlite:////srv/r.db"\n'
        'migrations.directory = "db/migrations"\n'
    )
    below = project / "src" / "deep"
    below.mkdir(parents=True)
    assert find_project_file(below) == project / "querynl.toml"
    settings = load_settings(folder=below)
    assert settings.migrations.directory == str(project / "db" / "migrations")
    assert parse_url(settings.connection or "").file == str(project / "app.db")
    assert settings.registry.url == "sqlite:////srv/r.db"
    assert load_settings(folder=project).migrations.directory == "db/migrations"


def test_named_file_stands_in_for_the_project_file(project: Path) -> None:
    (project / "querynl.toml").write_text('connection = "found"\n')
    (project / "other.toml").write_text('connection = "named"\n')
    assert load_settings(config_file=project / "other.toml").connection == "named"
    with pytest.raises(ConfigInvalid, match="cannot be read"):
        load_settings(config_file=project / "none.toml")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('\n[migrations]\ndirectry = "x"\n', 3, "Did you mean 'migrations.directory'?"),
        ('[output]\ncolor = "auto"\n[registry]\ncolor = "auto"\n', 4, "'registry.color' is no setting"),
        ('migrations = { framwork = "raw" }\n', 1, "'migrations.framework'"),
        ('[env.live]\noutput.format = "xml"\n', 2, "One of table, json, csv, markdown."),
        ("connection = 3\n", 1, "'connection' must be text"),
        ('connection = "a"\nconnection = "b"\n', 2, "not TOML"),
        ("connection = \n", 1, "not TOML"),
    ],
)
def test_mistake_in_a_file_is_named_with_its_line(project: Path, text: str, line: int, says: str) -> None:
    (project / "querynl.toml").write_text(text)
    with pytest.raises(ConfigInvalid) as caught:
        load_settings(environment="live" if "live" in text else None)
    assert says in str(caught.value)
    assert str(project / "querynl.toml") in str(caught.value)
    assert f"line {line}" in str(caught.value) or f":{line}" in str(caught.value)
    assert caught.value.exit_status == 5


def test_mistake_in_a_variable_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYNL_OUTPUT_FORMAT", "xml")
    with pytest.raises(ConfigInvalid, match="QUERYNL_OUTPUT_FORMAT"):
        load_settings()


def test_folders_follow_their_variables(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYNL_CONFIG_DIR", "~/own")
    assert config.config_folder() == Path.home() / "own"
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.delenv(f"QUERYNL_{kind}_DIR")
    for folder in (config.config_folder(), config.data_folder(), config.cache_folder()):
        assert folder.name == "querynl"
        assert folder.is_relative_to(Path.home())
    assert "project" not in configuration_paths()
    (project / "querynl.toml").touch()
    assert configuration_paths()["project"] == project / "querynl.toml"


def test_profile_comes_back_as_it_was_saved() -> None:
    add_profile(POSTGRESQL)
    full = Profile(
        name="a b.ü\"'",
        dialect="mysql",
        host="h",
        port=3307,
        database="d",
        username="u",
        ssl_mode="verify-full",
        ssl_root_cert="/ca.pem",
        options={"connect_timeout": "3"},
        password_command="pass show db",
    )
    add_profile(full, set_default=True)
    assert load_profiles().by_name == {"blog": POSTGRESQL, full.name: full}
    assert load_profiles().default == full.name


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_profiles_are_private_and_hold_no_password() -> None:
    add_profile(Profile.from_target("blog", parse_url("postgresql://ann:S3CRET@h/d")))
    assert "S3CRET" not in profiles_file().read_text()
    assert stat.S_IMODE(profiles_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(profiles_file().parent.stat().st_mode) == 0o700


def test_writing_keeps_comments_and_order() -> None:
    add_profile(POSTGRESQL)
    written = profiles_file().read_text().replace("host", "# the old machine\nhost", 1)
    profiles_file().write_text("# mine\n" + written)
    add_profile(Profile(name="app", dialect="sqlite", database="/app.db"), set_default=True)
    add_profile(Profile(name="blog", dialect="postgresql", host="new.example.org"), replace=True)
    text = profiles_file().read_text()
    assert "# mine" in text
    assert "# the old machine" in text
    assert list(load_profiles().by_name) == ["blog", "app"]
    assert find_profile("blog") == Profile(name="blog", dialect="postgresql", host="new.example.org")


def test_name_that_is_taken_is_not_overwritten() -> None:
    add_profile(POSTGRESQL)
    with pytest.raises(UsageInvalid, match="already"):
        add_profile(Profile(name="blog", dialect="sqlite", database="x.db"))
    assert find_profile("blog") == POSTGRESQL


def test_removed_profile_is_no_default_any_more() -> None:
    add_profile(POSTGRESQL)
    use_profile("blog")
    assert load_profiles().default == "blog"
    remove_profile("blog")
    assert load_profiles().by_name == {}
    assert load_profiles().default is None
    with pytest.raises(ConnectionUnknown):
        remove_profile("blog")
    with pytest.raises(ConnectionUnknown):
        use_profile("blog")


def test_unknown_name_offers_the_nearest() -> None:
    add_profile(POSTGRESQL)
    with pytest.raises(ConnectionUnknown, match=r"Did you mean blog\?"):
        find_profile("blgo")


@pytest.mark.parametrize("name", ["", " blog", "blog\n", "a://b", "x" * 256])
def test_name_that_could_not_be_used_is_refused(name: str) -> None:
    with pytest.raises(ConfigInvalid, match="name"):
        Profile(name=name, dialect="sqlite")


@pytest.mark.parametrize(
    "text",
    [
        '[connections.blog]\ndb_type = "oracle"\n',
        '[connections.blog]\ndb_type = "sqlite"\nhots = "x"\n',
        '[connections.blog]\ndb_type = "mysql"\nport = 70000\n',
        "[connections.blog]\n",
        "connections = 3\n",
        "default = 3\n",
        "[connections\n",
    ],
)
def test_broken_profiles_are_an_error_and_are_not_written_over(text: str) -> None:
    profiles_file().parent.mkdir(parents=True, exist_ok=True)
    profiles_file().write_text(text)
    with pytest.raises(ConfigInvalid, match=r"connections\.toml"):
        load_profiles()
    with pytest.raises(ConfigInvalid):
        add_profile(POSTGRESQL)
    assert profiles_file().read_text() == text


def test_profile_of_a_sqlite_file_means_it_from_every_folder(project: Path) -> None:
    profile = Profile.from_target("app", parse_url("sqlite:///app.db"))
    assert profile.target().file == str(project / "app.db")
    assert Profile.from_target("app", parse_url("sqlite://")).target().file == ":memory:"


def test_target_of_a_profile_is_that_of_its_url() -> None:
    for url in ("postgresql://ann@h/d?sslmode=require&connect_timeout=3", "mysql://ann@h:3307", "mariadb://"):
        target = Profile.from_target("blog", parse_url(url)).target()
        assert target.url() == parse_url(url).url()
        assert target.name == "blog"


def test_connection_is_the_one_named_then_the_setting_then_the_default(project: Path) -> None:
    with pytest.raises(UsageInvalid, match="--connection"):
        resolve(None, load_settings())
    add_profile(POSTGRESQL, set_default=True)
    assert resolve(None, load_settings()).name == "blog"
    (project / "querynl.toml").write_text('connection = "postgresql://ann:S3CRET@h/d"\n')
    assert resolve(None, load_settings()).name == "postgresql://ann@h/d"
    assert resolve(None, load_settings()).password == "S3CRET"
    assert resolve("sqlite:///x.db", load_settings()).file == "x.db"
    assert resolve("blog", load_settings()).host == "db.example.org"
    with pytest.raises(ConnectionUnknown):
        resolve("blag", load_settings())


def test_processes_that_add_at_once_lose_nothing() -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    processes = [context.Process(target=_add, args=(barrier, letter)) for letter in "abc"]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert sorted(load_profiles().by_name) == [f"{letter}{number}" for letter in "abc" for number in range(8)]


def _add(barrier: Any, letter: str) -> None:
    barrier.wait(60)
    for number in range(8):
        add_profile(Profile(name=f"{letter}{number}", dialect="sqlite", database="/x.db"))
