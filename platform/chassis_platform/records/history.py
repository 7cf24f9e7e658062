"""Stub."""


def record_history() -> None:
    raise NotImplementedError
