"""WHOSE: isolation, storage, installation."""
