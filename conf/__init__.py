"""Configuration: numbers, no mathematics. Read by Hydra."""
