"""The store: one record a run, its weights and checkpoints beside it, whole or not at all."""
