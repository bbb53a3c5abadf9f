"""`querynl config`: the settings and where they come from."""

from __future__ import annotations

import click

from querynl.cli.app import common_options, current_app
from querynl.cli.printing import Format, format_option, print_json, print_rows


@click.group()
@common_options
def config() -> None:
    """See the settings and where they come from."""


@config.command()
@format_option()
@common_options
def show(form: Format) -> None:
    """Print every setting, its value, and where the value comes from."""
    entries = [(entry.name, _shown(entry.value), entry.origin) for entry in current_app().settings.entries]
    if form == "json":
        print_json({"settings": [{"name": name, "value": value, "origin": origin} for name, value, origin in entries]})
        return
    rows = [(name, value or "", origin) for name, value, origin in entries]
    print_rows(("Setting", "Value", "Comes from"), rows, form, "Settings")


def _shown(value: str | None) -> str | None:
    """The value without a password that it may hold."""
    from querynl.connections import is_url, parse_url
    from querynl.errors import URLInvalid

    if value is None or not is_url(value):
        return value
    try:
        return parse_url(value).url()
    except URLInvalid:
        return "a URL that is not valid"


@config.command()
@format_option()
@common_options
def path(form: Format) -> None:
    """Print the files and folders that QueryNL reads from or writes to."""
    from querynl.config import configuration_paths

    paths = configuration_paths(config_file=current_app().config)
    if form == "json":
        print_json({"paths": {name: str(place) for name, place in paths.items()}})
        return
    print_rows(("What", "Where"), [(name, str(place)) for name, place in paths.items()], form, "Paths")
