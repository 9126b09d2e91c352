"""What `benchmarks/findings.py` says, a finding a file."""
