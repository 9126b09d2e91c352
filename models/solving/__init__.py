"""Architectures in continuous time, and the methods that solve them.

- `continuous`: the class `Continuous`, an architecture x' = f(t, x)
- `fixed`: methods with fixed steps, each its formula
- `adaptive`: methods that choose their steps, and the adjoint equation, by torchdiffeq
- `watch`: what stops a solver that comes to no end, before evaluations or memory are spent
- `room`: how much memory is free
"""
