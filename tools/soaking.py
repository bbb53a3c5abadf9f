"""What every soak does around its work: start the servers, say why it ended, and stop them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from tests.servers import Servers, ServerUnavailable


def status_of(soak: Callable[[], bool], engines: Iterable[str], *, interrupted: str = "Interrupted.") -> int:
    """Runs the soak while servers of these engines run; returns 0 if it held, 1 if not, 130 after Ctrl-C."""
    servers = Servers()
    try:
        servers.urls(engines)
        return 0 if soak() else 1
    except ServerUnavailable as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(interrupted, file=sys.stderr)
        return 130
    finally:
        servers.stop()
