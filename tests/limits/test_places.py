"""Places at work are shared out between tenants: proved by counting who is let in, not by clocks."""

from __future__ import annotations

import asyncio

import pytest

from chassis_platform.limits.places import Line, LineTooLongError, Places


class Crowd:
    """Requests of tenants, each of which works until it is told to end."""

    def __init__(self, total: int, comfortable: int) -> None:
        self.places = Places(total, comfortable)
        self.order: list[str] = []
        self.now = 0.0

    async def ask(self, line: Line, name: str) -> asyncio.Task[None]:
        async def enter() -> None:
            await self.places.enter(line, self.now)
            self.order.append(name)

        task = asyncio.create_task(enter())
        await asyncio.sleep(0)
        return task

    async def end(self, line: Line) -> None:
        self.places.leave(line)
        await asyncio.sleep(0)


def line(most: int = 100, most_waiting: int = 100) -> Line:
    return Line(most, most_waiting)


async def test_one_that_is_alone_gets_what_it_may_have() -> None:
    crowd, flood = Crowd(total=8, comfortable=2), line()
    for _ in range(20):
        await crowd.ask(flood, "flood")

    assert (flood.working, len(flood.waiting)) == (8, 12)


async def test_no_more_of_a_tenant_are_worked_on_than_may() -> None:
    crowd, flood = Crowd(total=8, comfortable=8), line(most=3)
    for _ in range(20):
        await crowd.ask(flood, "flood")

    assert (flood.working, len(flood.waiting)) == (3, 17)


async def test_what_comes_when_the_line_is_full_is_refused() -> None:
    crowd, flood = Crowd(total=1, comfortable=1), line(most_waiting=2)
    for _ in range(3):
        await crowd.ask(flood, "flood")

    with pytest.raises(LineTooLongError):
        await crowd.places.enter(flood, crowd.now)


async def test_a_tenant_of_few_requests_never_waits_behind_a_flood() -> None:
    crowd, flood, quiet = Crowd(total=8, comfortable=4), line(), line()
    await crowd.ask(quiet, "quiet")
    await crowd.end(quiet)
    for _ in range(100):
        await crowd.ask(flood, "flood")
    assert flood.working == 4  # the other was there a moment ago

    for _ in range(10):
        await crowd.ask(quiet, "quiet")
        assert quiet.working == 1
        await crowd.end(quiet)

    assert crowd.order.count("quiet") == 11


async def test_with_all_places_taken_the_lines_take_turns() -> None:
    crowd, lines = Crowd(total=2, comfortable=2), {name: line() for name in "abc"}
    for name in ("a", "a", "a", "a", "a", "b", "b", "c"):
        await crowd.ask(lines[name], name)
    while any(each.waiting for each in lines.values()):
        await crowd.end(next(each for each in lines.values() if each.working))
    assert crowd.order[:2] == ["a", "a"]
    assert sorted(crowd.order[2:5]) == ["a", "b", "c"]
    assert len(crowd.order) == 8


async def test_a_flood_that_is_alone_again_gets_all_places_back() -> None:
    crowd, flood, quiet = Crowd(total=8, comfortable=4), line(), line()
    await crowd.ask(quiet, "quiet")
    for _ in range(50):
        await crowd.ask(flood, "flood")
    assert flood.working == 3
    await crowd.end(quiet)

    crowd.now = 10.0
    await crowd.ask(flood, "flood")
    await crowd.end(flood)

    assert flood.working == 8


async def test_whoever_gives_up_waiting_is_passed_over_and_one_who_was_called_gives_the_place_on() -> None:
    crowd, flood = Crowd(total=1, comfortable=1), line()
    await crowd.ask(flood, "first")
    waiting = [await crowd.ask(flood, name) for name in ("second", "third", "fourth")]
    waiting[0].cancel()

    crowd.places.leave(flood)
    waiting[1].cancel()  # it was called, and has not noticed yet
    await asyncio.gather(*waiting, return_exceptions=True)

    assert crowd.order == ["first", "fourth"]
    assert (flood.working, len(flood.waiting)) == (1, 0)


async def test_nothing_is_left_behind_when_all_have_gone() -> None:
    crowd, lines = Crowd(total=3, comfortable=2), [line() for _ in range(4)]
    tasks = [await crowd.ask(lines[number % 4], str(number)) for number in range(40)]
    for number, task in enumerate(tasks):
        if number % 5 == 3:
            task.cancel()
    while any(each.working for each in lines):
        await crowd.end(next(each for each in lines if each.working))
    await asyncio.gather(*tasks, return_exceptions=True)

    assert [(each.working, len(each.waiting)) for each in lines] == [(0, 0)] * 4
    await crowd.places.enter(lines[0], 99.0)
    assert lines[0].working == 1
