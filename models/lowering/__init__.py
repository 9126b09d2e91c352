"""Rules become weights: exactly, in the limit of an ODE, or so that noise is corrected; programs that are finite automata."""
