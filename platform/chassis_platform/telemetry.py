"""What operators watch: structured logs with a request id, metrics for Prometheus."""

from __future__ import annotations

import logging
import secrets
import sys

import structlog
from prometheus_client import Histogram
from starlette.requests import HTTPConnection

REQUESTS = Histogram(
    "chassis_request_seconds",
    "Time to answer a request",
    ["method", "status_class"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

#: Keys whose values never reach a log line, whoever logs them.
SECRET_KEYS = frozenset(
    {"password", "secret", "client_secret", "token", "access_token", "authorization", "cookie", "key"}
)


def _without_secrets(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {name: "***" if name.lower() in SECRET_KEYS else value for name, value in event.items()}


def configure_logging(level: str) -> None:
    """One JSON object a line on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_secrets,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def request_id(request: HTTPConnection) -> str:
    """The id under which this request stands in the logs; made when first asked for."""
    if not hasattr(request.state, "request_id"):
        request.state.request_id = secrets.token_hex(8)
    found: str = request.state.request_id
    return found
