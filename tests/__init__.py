"""The tests, on real engines and real tools."""
