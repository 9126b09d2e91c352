"""One run: its configuration, its training, what is measured of it, and the record that it leaves."""
