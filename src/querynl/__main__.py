"""`python -m querynl` is `querynl`."""

from querynl.cli.main import run

run()
