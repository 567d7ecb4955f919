"""What other programs tell of their runs, read into the same entries as our own."""
