"""What the runs mean: records, their tables and pictures, and the command line that shows them."""
