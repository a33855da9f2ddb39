"""Random models for the tests of the engine: drawn as plans, written down in many styles, changed in one place."""
