"""Architectures in continuous time, and the methods that solve them."""
