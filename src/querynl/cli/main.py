"""The entry point: the commands by name, and how every one of them ends."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import click

from querynl._version import __version__
from querynl.cli.app import App, common_options
from querynl.cli.lazy import LazyGroup
from querynl.errors import QueryNLError, Terminated

INTERRUPTED = 130
TERMINATED = 143


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    lazy={
        "demo": ("querynl.cli.demo:demo", "See the whole story on SQLite, in a temporary folder."),
        "connect": ("querynl.cli.connect:connect", "Add, test and choose database connections."),
        "schema": ("querynl.cli.schema:schema", "Design, check, inspect, compare and apply schemas."),
        "migrate": ("querynl.cli.migrate:migrate", "Generate, prove, preview, apply and roll back migrations."),
        "query": ("querynl.cli.query:query", "Look into a database."),
        "config": ("querynl.cli.config:config", "See the settings and where they come from."),
    },
)
@click.version_option(__version__, prog_name="querynl")
@common_options
def cli() -> None:
    """Say what a schema should be; get a migration that is ordered, reversible and safe to run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; errors are printed to standard error."""
    app = App()
    try:
        result = cli.main(args=arguments, prog_name="querynl", standalone_mode=False, obj=app)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        # click makes an Abort of a KeyboardInterrupt, whose text says what stands where something was running.
        said = str(error) or str(error.__cause__ or "")
        print(said or "Interrupted.", file=sys.stderr)
        # At a question it says `from None`, which hides the context and keeps it.
        asked = any(isinstance(one, Terminated) for one in (error, error.__cause__, error.__context__))
        return TERMINATED if asked else INTERRUPTED
    except BrokenPipeError:
        # The reader of our output, such as `head`, has gone: nothing is left to say, not even at exit.
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115
        return 1
    except QueryNLError as error:
        return _report(error, app)
    except Exception as error:
        return _report_bug(error, app)
    return result if isinstance(result, int) else 0


# Of the objects that a command makes next to none go in cycles; looking for those every 700 of them costs a quarter of
# the time that a large schema takes.
_OBJECTS_UNTIL_COLLECTION = 200_000


def run() -> None:
    """The console script, in which SIGTERM ends a command as Ctrl-C does: with everything put away."""
    gc.set_threshold(_OBJECTS_UNTIL_COLLECTION)
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, _terminate)
    status = main()
    # All that was made ends with the process: to look through it for cycles first takes a fifth of a short command.
    gc.freeze()
    sys.exit(status)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _report(error: QueryNLError, app: App) -> int:
    from querynl.cli.printing import print_error

    if app.debug:
        _print_traceback(error)
    print_error(error, app)
    return error.exit_status


def _report_bug(error: Exception, app: App) -> int:
    if app.debug:
        _print_traceback(error)
        return 1
    print(
        f"Error QN1000: This should not happen: {type(error).__name__}: {error}\n"
        "  Run the command again with --debug and report what it prints.",
        file=sys.stderr,
    )
    return 1


def _print_traceback(error: Exception) -> None:
    import traceback

    traceback.print_exception(error)
