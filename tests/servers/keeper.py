"""Runs one server for as long as its own standard input stays open, then ends the server and removes its folder.

The process that wants the server holds the other end of that pipe. The system closes it when that process ends, even
by SIGKILL, so that no server outlives the tests it was started for.

Usage: keeper.py FOLDER STOP_SIGNAL COMMAND...
"""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from signal import Signals

LOG = "server.log"
STOP_SECONDS = 10


def keep(folder: Path, stop_signal: Signals, command: list[str]) -> int:
    """Runs the server; returns its exit status if it ends by itself, leaving the folder with its log to be read."""
    with (folder / LOG).open("wb") as log:
        server = subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    abandoned = threading.Event()
    threading.Thread(target=_end_with_input, args=(server, stop_signal, abandoned), daemon=True).start()
    status = server.wait()
    if abandoned.is_set():
        shutil.rmtree(folder, ignore_errors=True)
    return status


def _end_with_input(server: subprocess.Popen[bytes], stop_signal: Signals, abandoned: threading.Event) -> None:
    # Not by sys.stdin, whose lock an interpreter that ends first could not get.
    while os.read(sys.stdin.fileno(), 1):
        pass
    abandoned.set()
    server.send_signal(stop_signal)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    sys.exit(keep(Path(sys.argv[1]), Signals[sys.argv[2]], sys.argv[3:]))
