"""The page: `realizable site`."""
