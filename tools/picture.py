"""Draws docs/demo.svg from what `querynl demo` really prints on a terminal: `python -m tools.picture`."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

PICTURE = Path(__file__).parent.parent / "docs" / "demo.svg"
_COLUMNS, _ROWS = 112, 50
# The part that fits a picture: from the first of these lines to the one before the second.
_FROM, _UNTIL = "# Ask for the migration", "# And back again"


def main() -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=_COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(_chosen(_printed_on_a_terminal())))
    PICTURE.write_text(console.export_svg(title="querynl demo", unique_id="querynl-demo"), encoding="utf-8")
    print(f"Wrote {PICTURE}")


def _printed_on_a_terminal() -> str:
    """The standard output of the demo, with its colours; questions and remarks, on standard error, are left out."""
    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    command = [sys.executable, "-c", "from querynl.cli.main import run; run()", "demo"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(_COLUMNS)}
    demo = subprocess.Popen(command, stdout=terminal, stderr=subprocess.DEVNULL, env=environment)
    os.close(terminal)
    printed = bytearray()
    try:
        while chunk := os.read(reader, 65536):
            printed += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(reader)
    if demo.wait():
        raise SystemExit("the demo failed")
    return printed.decode().replace("\r\n", "\n")


def _chosen(text: str) -> str:
    lines = text.splitlines()
    start, end = (next(number for number, line in enumerate(lines) if mark in line) for mark in (_FROM, _UNTIL))
    return "\n".join(lines[start:end]).rstrip()


if __name__ == "__main__":
    main()
