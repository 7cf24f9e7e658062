"""The seals by themselves: a chain without gaps, each seal signed and repeating the hash of the one before."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chassis_platform.audit.keys import is_signed
from chassis_platform.audit.report import Anchor, Finding, FindingKind, ReportDraft
from chassis_platform.audit.seal import NO_SEAL, Seal


class Chain:
    """The seals by themselves: none missing, each signed, each repeating the hash of the one before."""

    def __init__(self, draft: ReportDraft, trusted: Mapping[str, Ed25519PublicKey], anchor: Anchor | None) -> None:
        self._draft, self._trusted, self._anchor = draft, trusted, anchor
        self._expected, self._previous = 1, NO_SEAL
        self._is_previous_sound = True
        self._is_anchored = anchor is None
        self.newest: Seal | None = None

    def check(self, seal: Seal, signature: bytes) -> None:
        """The next seal of the chain."""
        is_next = seal.sequence == self._expected
        if not is_next:
            self._miss(self._expected, seal.sequence - 1)
        elif self._is_previous_sound and seal.previous != self._previous:
            self._report(FindingKind.CHAIN_BROKEN, seal.sequence, "it does not continue the seal before it")
        self._is_previous_sound = self._check_signature(seal, signature)
        self._expected, self._previous, self.newest = seal.sequence + 1, seal.hash(), seal
        self._meet_anchor(seal)
        self._draft.count_seal(seal)

    def _miss(self, first: int, last: int) -> None:
        which = f"seal {first} is" if first == last else f"seals {first} to {last} are"
        self._report(FindingKind.SEAL_MISSING, first, f"{which} missing")

    def _check_signature(self, seal: Seal, signature: bytes) -> bool:
        key = self._trusted.get(seal.key_id)
        if key is None:
            self._report(FindingKind.UNKNOWN_KEY, seal.sequence, f"no trusted public key has the id {seal.key_id}")
            return False
        if not is_signed(key, signature, seal.message()):
            self._report(FindingKind.SEAL_ALTERED, seal.sequence, "its signature does not fit what it says")
            return False
        return True

    def _meet_anchor(self, seal: Seal) -> None:
        if self._anchor and seal.sequence == self._anchor.sequence:
            self._is_anchored = seal.hash() == self._anchor.hash

    def check_anchor(self) -> None:
        """At the end: whether the seal that was noted earlier came by."""
        if self._anchor and not self._is_anchored:
            self._report(
                FindingKind.HEAD_MISSING, self._anchor.sequence, "the seal noted earlier is gone or is another by now"
            )

    def _report(self, kind: FindingKind, sequence: int, message: str) -> None:
        self._draft.add(Finding(kind, message, sequence=sequence))
