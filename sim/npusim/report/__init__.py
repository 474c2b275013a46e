"""What a run amounts to: the account of its cycles, its timeline, its accuracy."""
