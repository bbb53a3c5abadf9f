"""English to schemas by rules, and exact English for operations, plans and SQL."""
