"""One balance and its lots: what credits, debits and reversals do to them. Pure.

The balance is the sum of all lines. What is left in the lots is the balance, or nothing while the balance is below
zero: a debit that takes more than there is leaves a gap that later credits fill first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(slots=True)
class Lot:
    """A credit, or what is left of it. The last day on which it counts is `expires`."""

    id: str
    amount: Decimal
    remaining: Decimal
    expires: date | None = None
    is_new: bool = False
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the ledger: an amount added or, below zero, taken away, and the balance then."""

    amount: Decimal
    balance: Decimal
    lot: str | None = None
    lot_expires: date | None = None


class ShortError(Exception):
    """There is less than was to be taken."""

    def __init__(self, available: Decimal) -> None:
        super().__init__(f"only {available} available")
        self.available = available


@dataclass(slots=True)
class Account:
    """A balance of one type of one account."""

    id: str
    balance: Decimal = ZERO
    credited: Decimal = ZERO
    debited: Decimal = ZERO
    expired: Decimal = ZERO
    lots: dict[str, Lot] = field(default_factory=dict)

    def open_lots(self) -> list[Lot]:
        """The lots with something left, the earliest expiry first; those that never expire last."""
        left = (each for each in self.lots.values() if each.remaining)
        return sorted(left, key=lambda each: (each.expires or date.max, each.id))

    def next_expiry(self) -> tuple[date | None, Decimal | None]:
        """When something expires next, and how much then."""
        lots = self.open_lots()
        if not lots or lots[0].expires is None:
            return None, None
        return lots[0].expires, sum((each.remaining for each in lots if each.expires == lots[0].expires), ZERO)

    def credit(self, amount: Decimal, lot_id: str, expires: date | None = None) -> list[Line]:
        """Add a lot; what was taken too much before is made up for first."""
        gap = min(amount, max(-self.balance, ZERO))
        self.lots[lot_id] = Lot(lot_id, amount, amount - gap, expires, is_new=True)
        self.credited += amount
        return [self._line(amount, self.lots[lot_id])]

    def debit(self, amount: Decimal, *, may_overdraw: bool = False, first: Sequence[str] = ()) -> list[Line]:
        """Take from the lots `first`, then by expiry, then below zero if that is allowed. Raises ShortError."""
        if not may_overdraw and amount > max(self.balance, ZERO):
            raise ShortError(max(self.balance, ZERO))
        self.debited += amount
        preferred = [self.lots[each] for each in first if each in self.lots and self.lots[each].remaining]
        lines = []
        for lot in [*preferred, *self.open_lots()]:
            taken = min(amount, lot.remaining)
            if taken:
                amount -= taken
                lines.append(self._take(lot, taken))
        return [*lines, self._line(-amount)] if amount else lines

    def restore(self, taken: Iterable[tuple[str | None, Decimal]], lot_id: str, expires: date | None) -> list[Line]:
        """Undo a debit: give back to the lots it took from. What no lot can take becomes a new one."""
        parts = list(taken)
        total = sum((amount for _, amount in parts), ZERO)
        to_lots = total - min(total, max(-self.balance, ZERO))
        lines = []
        for lot, amount in parts:
            given = min(amount, to_lots) if lot in self.lots else ZERO
            if given:
                to_lots -= given
                total -= given
                lines.append(self._give(self.lots[str(lot)], given))
        self.debited -= sum((amount for _, amount in parts), ZERO)
        return [*lines, *self._rest(total, to_lots, lot_id, expires)]

    def _rest(self, total: Decimal, to_lots: Decimal, lot_id: str, expires: date | None) -> list[Line]:
        if not total:
            return []
        if not to_lots:
            return [self._line(total)]
        self.lots[lot_id] = Lot(lot_id, total, to_lots, expires, is_new=True)
        return [self._line(total, self.lots[lot_id])]

    def expire(self, today: date) -> list[Line]:
        """Take away what counted until yesterday, lot by lot."""
        over = [each for each in self.open_lots() if each.expires is not None and each.expires < today]
        self.expired += sum((each.remaining for each in over), ZERO)
        return [self._take(each, each.remaining) for each in over]

    def _take(self, lot: Lot, amount: Decimal) -> Line:
        lot.remaining -= amount
        lot.is_changed = True
        return self._line(-amount, lot)

    def _give(self, lot: Lot, amount: Decimal) -> Line:
        lot.remaining += amount
        lot.is_changed = True
        return self._line(amount, lot)

    def _line(self, amount: Decimal, lot: Lot | None = None) -> Line:
        self.balance += amount
        if lot is None:
            return Line(amount, self.balance)
        return Line(amount, self.balance, lot.id, lot.expires)
