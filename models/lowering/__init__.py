"""Rules become weights, in one place.

- `exact`: one hidden unit a rule, for layers that take the step of a program (residual, and without a skip)
- `settling`: a field whose registers settle at the fixed point of a write-once program, for ODEs
- `robust`: layers that set every channel to 0 or 1 again, so that noise below a radius is corrected
- `automata`: the finite automaton that a program is, for nets that read the word once
"""
