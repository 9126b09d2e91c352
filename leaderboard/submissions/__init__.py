"""What strangers hand in: what is wrong with it, what its weights score, rounds on hidden words. Nothing is executed."""
