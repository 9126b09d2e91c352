"""How nets are trained: a package of its own, where looking for models does not import Lightning, which takes seconds."""
