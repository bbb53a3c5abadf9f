"""Tests of the rules that read English and of the sentences that explain changes."""
