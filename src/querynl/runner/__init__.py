"""Running migrations in a database: what is known of them, applying them, and rolling them back."""

from __future__ import annotations

from querynl.runner.apply import LOCK_TIMEOUT_SECONDS, apply, pending, statements_to_apply
from querynl.runner.dangers import Danger, dangers
from querynl.runner.drift import Drift, found_drift
from querynl.runner.evidence import Evidence, evidence
from querynl.runner.execution import Progress
from querynl.runner.known import STANDING, Known, Status, recorded, refuse_lacking, survey
from querynl.runner.repair import Repair
from querynl.runner.report import Done, Report
from querynl.runner.rollback import newest, rollback, statements_to_roll_back
from querynl.runner.store import bring_in_line

__all__ = [
    "LOCK_TIMEOUT_SECONDS",
    "STANDING",
    "Danger",
    "Done",
    "Drift",
    "Evidence",
    "Known",
    "Progress",
    "Repair",
    "Report",
    "Status",
    "apply",
    "bring_in_line",
    "dangers",
    "evidence",
    "found_drift",
    "newest",
    "pending",
    "recorded",
    "refuse_lacking",
    "rollback",
    "statements_to_apply",
    "statements_to_roll_back",
    "survey",
]
