"""How nets are trained; a package, so that looking for models does not import Lightning, which takes seconds.

- `learner`: a net, its loss and its optimiser, for Lightning
- `memory`: which states a net keeps for backward; some of them (checkpoint)
- `reverse`: none but the last, by the inverse of the layers
- `again`: what both need to run layers again
"""
