"""One module for each driver, imported when its first connection opens."""
