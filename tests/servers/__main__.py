"""`python -m tests.servers up [ENGINE...]`: servers to develop against, until Ctrl-C."""

import signal
import sys

from tests.servers import STARTERS, Servers, ServerUnavailable, variable

USAGE = f"Usage: python -m tests.servers up [{'|'.join(STARTERS)} ...]"


def main(arguments: list[str]) -> int:
    """Starts the servers, prints the lines that make the tests use them, and waits; returns the exit status."""
    engines = arguments[1:] or list(STARTERS)
    if arguments[:1] != ["up"] or not STARTERS.keys() >= set(engines):
        print(USAGE, file=sys.stderr)
        return 2
    servers = Servers()
    try:
        for engine, url in servers.urls(engines).items():
            print(f"export {variable(engine)}={url}", flush=True)
        print("Ctrl-C stops them.", file=sys.stderr)
        signal.pause()
    except KeyboardInterrupt:
        return 0
    except ServerUnavailable as failure:
        print(failure, file=sys.stderr)
        return 1
    finally:
        servers.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
