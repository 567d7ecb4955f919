"""One script per published figure, with peers beside us in the same run."""
