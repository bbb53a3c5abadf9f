"""Alembic: revisions written with its real operations, read by their chain, and run offline for their SQL."""
