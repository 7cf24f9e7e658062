"""What an entry of the access log costs where lists are asked for: over HTTP, beside the same list without one.

One column differs: a phone number, which is classified and shown in clear, or a province, which is not. An entry is on
the disk before its list is answered. (`masking.py` measures the same without HTTP, where an entry weighs more.)
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks import servers
from benchmarks.environment import Environment
from benchmarks.run import Compared, Race, compare
from benchmarks.subjects import LOG_TARGET, Subject, list_with
from benchmarks.tenants import Single

CLIENTS = 8


def logged_cost(environment: Environment, *, seconds: float) -> list[Single]:
    """How many times as long lists take that are logged."""
    subject = Subject(
        "logged",
        "list of 50 with an entry beside without, over HTTP",
        LOG_TARGET,
        list_with(environment, "MobilePhone"),
        list_with(environment, "Province"),
    )
    with servers.chassis(environment.home) as server:
        race = Race(server, replace(server, name="without an entry"), environment.home)
        entries = _entries(environment)
        [found] = compare(race, subject, clients=[CLIENTS], seconds=seconds)
        if _entries(environment) - entries < found.ours.requests:
            raise RuntimeError("some lists were answered without an entry")
    return [_single(found)]


def _entries(environment: Environment) -> int:
    [[count]] = environment.rows("SELECT count(*) FROM data.access_log WHERE tenant_id = %s", environment.tenant.id)
    return int(count)


def _single(found: Compared) -> Single:
    note = f"{CLIENTS} clients; {found.ratio:.2f} of the throughput; by processor time {found.cpu_ratio:.2f}"
    return Single("logged", found.subject.title, 1 / found.ratio, "times", 1 / found.subject.target, note)
