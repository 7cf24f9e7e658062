"""Since when what a user may see of the definitions is as it is now, as far as this process knows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MOST_KEPT = 10_000


@dataclass(slots=True)
class FirstSeen:
    """By whom it concerns, what was seen last and when first.

    Versions only rise: what is the same now as at its first sight was never otherwise between the two. Another process
    may have seen it earlier; asked there, nothing is answered anew that need not be, and nothing old is kept.
    """

    known: OrderedDict[Hashable, tuple[Hashable, datetime]] = field(default_factory=OrderedDict)

    def since(self, who: Hashable, identity: Hashable, now: datetime) -> datetime | None:
        """The second of the first sight, which is all that HTTP's dates tell.

        After a change it is the next one, and None until then: what was seen earlier in that second was something else.
        """
        found = self.known.get(who)
        if found is None or found[0] != identity:
            second = now.replace(microsecond=0)
            found = self.known[who] = (identity, second if found is None else second + timedelta(seconds=1))
        self.known.move_to_end(who)
        if len(self.known) > MOST_KEPT:
            self.known.popitem(last=False)
        return found[1] if found[1] <= now else None
