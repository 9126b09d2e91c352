"""From records to numbers, and from numbers to tables, pictures and files."""
