"""Words: the bit stream that they are drawn from, the split into training and test words, and grammars that samplers share."""
