"""How much CPU time QueryNL takes, measured beside something everybody has: run `python -m benchmarks`."""
