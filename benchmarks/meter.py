"""Runs a command and tells what it took: `meter.py REPORT COMMAND…`, started anew for each command.

Linux counts the memory of whoever starts a process as the process's own until it executes its program, so that one
started by the benchmarks themselves would never seem smaller than they are.
"""

import json
import os
import subprocess
import sys
import time


def main(report: str, *command: str) -> None:
    began = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    # Kilobytes, but on macOS bytes.
    megabytes = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    found = {
        "status": os.waitstatus_to_exitcode(status),
        "seconds": usage.ru_utime + usage.ru_stime,
        "megabytes": megabytes,
        "wall_seconds": time.monotonic() - began,
    }
    with open(report, "w", encoding="utf-8") as file:
        json.dump(found, file)


main(*sys.argv[1:])
