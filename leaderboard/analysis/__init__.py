"""What nets do beside their scores: diagnostics, gradients, basins, space-time diagrams, shortcuts."""
