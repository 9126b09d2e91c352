"""Architectures that read a word once, from left to right."""
