"""What happens now, and orders to live runs: in this process, or between several by Redis."""
