"""`querynl connect`: saved connections."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from querynl.cli.app import common_options, current_app
from querynl.cli.options import CONFIRM
from querynl.cli.printing import Format, format_option, print_json, print_panel, print_rows
from querynl.errors import AuthenticationFailed, UsageInvalid

if TYPE_CHECKING:
    from querynl.connections import Profile, Target

_DB_TYPES = ("postgresql", "mysql", "mariadb", "sqlite")
_SSL_MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")


@click.group()
@common_options
def connect() -> None:
    """Add, test and choose database connections."""


@connect.command()
@click.argument("name")
@click.option("--db-type", "--type", "db_type", type=click.Choice(_DB_TYPES), help="The engine.")
@click.option("--host", help="The server; localhost if not given.")
@click.option("--port", type=int, help="Its port; the engine's own if not given.")
@click.option("--database", help="The database, or the file for SQLite.")
@click.option("--username", help="The account.")
@click.option("--url", help="All of that as one URL, such as postgresql://user@host/database.")
@click.option("--ssl-mode", type=click.Choice(_SSL_MODES), help="How TLS is used.")
@click.option("--ssl-root-cert", metavar="FILE", help="The certificates that the server's is checked against.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--password-command", metavar="COMMAND", help="A command that prints the password.")
@click.option("--set-default", is_flag=True, help="Use it when no connection is named.")
@click.option("--no-test", is_flag=True, help="Save it without connecting first.")
@common_options
def add(
    *,
    name: str,
    db_type: str | None,
    url: str | None,
    password_stdin: bool,
    password_command: str | None,
    set_default: bool,
    no_test: bool,
    **parts: str | int | None,
) -> None:
    """Save the connection NAME, once its database answers.

    A password comes from standard input, a command, a URL or a question; it is kept in the system's keyring or,
    where QUERYNL_KEYRING_PASSWORD is set and there is no keyring, in an encrypted file.
    """
    from querynl.connections import Profile, add_profile, load_profiles
    from querynl.connections.credentials import store_password

    target = _target(db_type, url, parts)
    if url is not None and target.password is not None:
        current_app().say("Warning: a password on the command line can be seen by others; use --password-stdin.")
    if password_stdin:
        target = replace(target, password=sys.stdin.readline().rstrip("\n"))
    profile = Profile.from_target(name, target, password_command=password_command)
    if name in load_profiles().by_name:
        raise UsageInvalid(
            f"There is a connection named {name!r} already.",
            remedy=f"Remove it with `querynl connect remove {name}`, or choose another name.",
        )
    password = target.password
    if not no_test:
        password = _tested(profile, password)
    if password is not None:
        current_app().say(f"The password is kept in the {store_password(name, password)}.")
    add_profile(profile, set_default=set_default)
    click.echo(f"Saved the connection {name}{' as the default' if set_default else ''}.")


def _target(db_type: str | None, url: str | None, parts: dict[str, str | int | None]) -> Target:
    """The database that the options describe. Raises UsageInvalid or URLInvalid."""
    import msgspec

    from querynl.connections import Target, parse_url

    given = {key: value for key, value in parts.items() if value is not None}
    if url is not None:
        if given or db_type is not None:
            raise UsageInvalid("--url says everything; give it alone, or the single options.")
        return parse_url(url)
    if db_type is None:
        raise UsageInvalid("Say which engine it is.", remedy="Give --db-type, or --url.")
    if db_type == "sqlite":
        if set(given) - {"database"} or "database" not in given:
            raise UsageInvalid("A SQLite connection has a file and nothing else.", remedy="Give --database FILE.")
        return Target(dialect="sqlite", file=str(given["database"]))
    return msgspec.convert({"dialect": db_type, "host": "localhost", **given}, Target)


def _tested(profile: Profile, password: str | None) -> str | None:
    """The password the database answered to; a person is asked for it when the database wants one."""
    from querynl.connections import connect as open_connection

    target = replace(profile.target(), password=password)
    try:
        open_connection(target).close()
    except AuthenticationFailed:
        app = current_app()
        if password is not None or not app.interactive:
            raise
        password = click.prompt(f"Password of {target.username or 'the account'}", hide_input=True, err=True)
        open_connection(replace(target, password=password)).close()
    return password


@connect.command("list")
@format_option()
@common_options
def list_connections(form: Format) -> None:
    """List the saved connections."""
    from querynl.connections import load_profiles

    profiles = load_profiles()
    found = [(profile, profile.name == profiles.default) for profile in profiles.by_name.values()]
    if form == "json":
        print_json({"connections": [{**_facts(profile), "default": default} for profile, default in found]})
    elif not found:
        current_app().say("No connection is saved yet. Add one with `querynl connect add`.")
    else:
        rows = [
            (profile.name, profile.dialect, _where(profile), "yes" if default else "") for profile, default in found
        ]
        print_rows(("Name", "Engine", "Where", "Default"), rows, form, "Connections")


@connect.command()
@click.argument("name")
@format_option("table", "json")
@common_options
def show(name: str, form: str) -> None:
    """Show one saved connection; never its password."""
    from querynl.connections import find_profile

    facts = _facts(find_profile(name))
    if form == "json":
        print_json(facts)
    else:
        print_panel(f"Connection {name}", {key: str(value) for key, value in facts.items() if value is not None})


@connect.command()
@click.argument("name", required=False)
@common_options
def test(name: str | None) -> None:
    """Connect to NAME and say what answers.

    Without NAME, to the connection in use.
    """
    from querynl.connections import connect as open_connection
    from querynl.connections import resolve

    app = current_app()
    target = resolve(name or app.connection, app.settings)
    with open_connection(target) as connection:
        click.echo(f"{target.name}: {connection.dialect} {connection.version} answers.")


@connect.command()
@click.argument("name")
@common_options
def use(name: str) -> None:
    """Make NAME the connection that is used when none is named."""
    from querynl.connections import use_profile

    use_profile(name)
    click.echo(f"{name} is the default connection now.")


@connect.command()
@click.argument("name")
@CONFIRM
@common_options
def remove(name: str, confirmed: bool) -> None:
    """Forget the connection NAME and its stored password.

    The database itself is not touched.
    """
    from querynl.connections import find_profile, remove_profile
    from querynl.connections.credentials import delete_password

    find_profile(name)
    current_app().ask_go_ahead(f"Forget the connection {name}?", given=confirmed)
    delete_password(name)
    remove_profile(name)
    click.echo(f"Removed the connection {name}.")


def _facts(profile: Profile) -> dict[str, str | int | None]:
    return {
        "name": profile.name,
        "db_type": profile.dialect,
        "host": profile.host,
        "port": profile.port,
        "database": profile.database,
        "username": profile.username,
        "ssl_mode": profile.ssl_mode,
    }


def _where(profile: Profile) -> str:
    return profile.target().url()
