"""Measurements: each module is a group whose ``measure()`` returns figures by name."""
