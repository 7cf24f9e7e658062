"""Stub."""


def export_csv() -> None:
    raise NotImplementedError
