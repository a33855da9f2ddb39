"""What the Makefile's targets start."""
