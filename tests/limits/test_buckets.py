"""So many a second, and two seconds' worth at once."""

from __future__ import annotations

import pytest

from chassis_metadata.errors import Invalid, LimitExceeded
from chassis_platform.limits.buckets import Bucket
from chassis_platform.limits.kinds import Limits, check_overrides, default_limits, limits_in_force
from chassis_platform.limits.meters import Asker, Meter, make_meter
from chassis_platform.settings import Settings


def test_a_bucket_gives_two_seconds_worth_and_then_its_rate() -> None:
    bucket = Bucket(5, now=100.0)

    assert [bucket.take(100.0) for _ in range(10)] == [0.0] * 10
    assert bucket.take(100.0) == pytest.approx(0.2)
    assert bucket.take(100.2) == 0.0
    assert bucket.take(100.2) == pytest.approx(0.2)
    assert [bucket.take(900.0) for _ in range(11)] == [0.0] * 10 + [pytest.approx(0.2)]


def test_a_rate_of_nought_is_no_limit() -> None:
    bucket = Bucket(0, now=0.0)

    assert not any(bucket.take(0.0) for _ in range(1_000))


def limits(**changed: int) -> Limits:
    return limits_in_force(Settings(), changed)


def sent(meter: Meter, asker: Asker, times: int) -> int:
    """How many of so many requests at one moment are let in."""
    let_in = 0
    for _ in range(times):
        try:
            meter.demand_rate(asker, 50.0)
        except LimitExceeded as refused:
            [problem] = refused.problems
            assert (problem.code, problem.details) == ("too_many_requests", {"retryAfter": 1})
        else:
            let_in += 1
    return let_in


def test_one_users_flood_leaves_the_tenants_others_their_share() -> None:
    meter = make_meter(1, limits(tenant_requests_per_second=100, user_requests_per_second=40), 50.0)

    assert sent(meter, Asker("ann", "browser", is_client=False), 500) == 80
    assert sent(meter, Asker("ben", "browser", is_client=False), 500) == 80
    assert sent(meter, Asker("cem", "browser", is_client=False), 500) == 40  # the tenant's own are used up


def test_a_connected_app_has_a_rate_whoever_it_acts_for() -> None:
    meter = make_meter(1, limits(client_requests_per_second=10), 50.0)

    assert sent(meter, Asker("ann", "app", is_client=True), 15) == 15
    assert sent(meter, Asker("ben", "app", is_client=True), 15) == 5
    assert sent(meter, Asker("ben", "another app", is_client=True), 15) == 15


def test_what_was_refused_for_a_user_is_not_taken_from_the_tenant() -> None:
    meter = make_meter(1, limits(tenant_requests_per_second=100, user_requests_per_second=1), 50.0)

    sent(meter, Asker("ann", "browser", is_client=False), 1_000)
    others = [sent(meter, Asker(f"user {number}", "browser", is_client=False), 1) for number in range(198)]
    assert sum(others) == 198


def test_a_days_requests_are_counted_by_client_and_end() -> None:
    meter = make_meter(1, limits(api_daily_requests=3), 50.0)
    for client in ("app", "app", "browser"):
        meter.count(client)

    with pytest.raises(LimitExceeded) as refused:
        meter.count("app")

    assert refused.value.problems[0].code == "request_limit_exceeded"
    assert (meter.usage, meter.pending) == ("api-usage=3/3", {"app": 2, "browser": 1})


def test_memory_for_users_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis_platform.limits.meters.MOST_BUCKETS", 10)
    meter = make_meter(1, limits(user_requests_per_second=1), 50.0)
    for number in range(50):
        meter.demand_rate(Asker(f"user {number}", "browser", is_client=False), 50.0 + number)

    assert len(meter.users) <= 10


def test_other_limits_hold_from_when_they_are_known() -> None:
    meter = make_meter(1, default_limits(Settings()), 50.0)
    ann = Asker("ann", "browser", is_client=False)
    assert sent(meter, ann, 100) == 100

    meter.take_limits(limits(user_requests_per_second=1, tenant_requests_at_once=2), 50.0)

    assert sent(meter, ann, 100) == 2
    assert meter.line.most == 2


def test_overrides_are_checked_with_all_that_is_wrong() -> None:
    assert check_overrides({"api_daily_requests": "500", "daily_bulk_jobs": ""}) == {
        "api_daily_requests": 500,
        "daily_bulk_jobs": None,
    }

    with pytest.raises(Invalid) as refused:
        check_overrides({"api_daily_requests": "0", "tenant_requests_per_second": "-1", "speed": "1"})
    assert [each.path for each in refused.value.problems] == [
        "api_daily_requests",
        "tenant_requests_per_second",
        "speed",
    ]
