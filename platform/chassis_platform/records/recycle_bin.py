"""Stub."""


def recycle_bin() -> None:
    raise NotImplementedError
