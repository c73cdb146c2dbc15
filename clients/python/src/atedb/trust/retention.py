"""What a chain's rules for retention let go (docs/trust.md, "How long data is kept")."""

from dataclasses import dataclass

from atedb.events.rules import RetentionRule


@dataclass(frozen=True, slots=True)
class EventPlace:
    """Where an event is in its chain."""

    sequence: int
    time_unix_ms: int
    """Of its commit: milliseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class RetentionFloor:
    """What rules have let go so far.

    Sequences and times of commits never decrease, so it is all up to some place, and it never becomes less: a rule that is changed
    later takes back nothing.
    """

    sequence: int = 0
    """The data of events below this sequence may be gone."""
    time_unix_ms: int = 0
    """So may that of events that were committed at this time or before. 0: no such time."""

    def raised(
        self, rule: RetentionRule | None, *, next_sequence: int, time_unix_ms: int
    ) -> "RetentionFloor":
        """Give what may be gone once a chain goes so far, by the rule that it has there.

        Time is that of the newest commit, and not anybody's clock: so everybody who has the same history decides alike, for ever.
        """
        if rule is None:
            return self
        sequence = next_sequence - rule.count if rule.count else 0
        time = time_unix_ms - rule.age_ms if rule.age_ms else 0
        return RetentionFloor(max(self.sequence, sequence), max(self.time_unix_ms, time))

    def lets_go(self, event: EventPlace) -> bool:
        """Whether the data of an event may be gone, so that its header alone is left."""
        is_old = self.time_unix_ms > 0 and event.time_unix_ms <= self.time_unix_ms
        return event.sequence < self.sequence or is_old
