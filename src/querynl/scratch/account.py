"""The account that private servers run under: our own, or a powerless one where we are root."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

# Database servers refuse to run as root; this account exists everywhere and owns nothing.
_UNPRIVILEGED = "nobody"


def is_root() -> bool:
    """Whether we are the account that database servers refuse."""
    return sys.platform != "win32" and os.geteuid() == 0


def server_account() -> dict[str, Any]:
    """Arguments that make a subprocess run under an account that a server accepts."""
    if not is_root():
        return {}
    import pwd

    account = pwd.getpwnam(_UNPRIVILEGED)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}


def hand_over(folder: Path) -> None:
    """Make the folder and all in it that account's own."""
    account = server_account()
    if account:
        os.chown(folder, account["user"], account["group"])
        for parent, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.lchown(Path(parent, name), account["user"], account["group"])
