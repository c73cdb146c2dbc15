//! What a chain's rules for retention have let go (docs/trust.md, "How long data is kept").

use crate::events::rules::Retention;

/// Where an event is in its chain, or how far a chain goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventPlace {
    /// Of the event; or of the one that comes next.
    pub sequence: u64,
    /// Of its commit, or of the newest one: milliseconds since 1970-01-01 UTC.
    pub time_unix_ms: u64,
}

/// All up to some place. It never becomes less: a rule that is changed later takes back nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RetentionFloor {
    /// The data of events below this sequence may be gone.
    sequence: u64,
    /// So may that of events that were committed at this time or before. 0: no such time.
    time_unix_ms: u64,
}

impl RetentionFloor {
    #[cfg(test)]
    pub fn at(sequence: u64, time_unix_ms: u64) -> Self {
        RetentionFloor { sequence, time_unix_ms }
    }

    /// Raises it to what may be gone once a chain goes so far, by the rule that it has there.
    ///
    /// Time is that of the newest commit, and not anybody's clock: so everybody who has the same history decides alike, for ever.
    pub fn raise(&mut self, rule: Option<Retention>, end: EventPlace) {
        let Some(Retention { age_ms, count }) = rule else {
            return;
        };
        if count > 0 {
            self.sequence = self.sequence.max(end.sequence.saturating_sub(count));
        }
        if age_ms > 0 {
            self.time_unix_ms = self.time_unix_ms.max(end.time_unix_ms.saturating_sub(age_ms));
        }
    }

    /// Whether the data of an event may be gone, so that its header alone is left.
    pub fn covers(&self, event: EventPlace) -> bool {
        event.sequence < self.sequence || (self.time_unix_ms > 0 && event.time_unix_ms <= self.time_unix_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(sequence: u64, time_unix_ms: u64) -> EventPlace {
        EventPlace { sequence, time_unix_ms }
    }

    #[test]
    fn nothing_is_let_go_without_a_rule() {
        let mut floor = RetentionFloor::default();
        floor.raise(None, place(100, 100));
        floor.raise(Some(Retention::default()), place(100, 100));
        assert!(!floor.covers(place(0, 0)));
    }

    #[test]
    fn a_rule_lets_go_up_to_its_limit() {
        let mut by_count = RetentionFloor::default();
        by_count.raise(Some(Retention { age_ms: 0, count: 10 }), place(30, 5));
        assert!(by_count.covers(place(19, 5)) && !by_count.covers(place(20, 5)));
        let mut by_age = RetentionFloor::default();
        by_age.raise(Some(Retention { age_ms: 10, count: 0 }), place(30, 30));
        assert!(by_age.covers(place(29, 20)) && !by_age.covers(place(29, 21)));
        // Chains that are not so long, or so old, let go nothing.
        let mut short = RetentionFloor::default();
        short.raise(Some(Retention { age_ms: 10, count: 10 }), place(9, 9));
        assert!(!short.covers(place(0, 0)));
    }

    #[test]
    fn what_was_let_go_stays_let_go() {
        let mut floor = RetentionFloor::default();
        floor.raise(Some(Retention { age_ms: 0, count: 1 }), place(30, 5));
        floor.raise(Some(Retention { age_ms: 0, count: 100 }), place(31, 5));
        floor.raise(None, place(32, 5));
        assert!(floor.covers(place(28, 5)) && !floor.covers(place(29, 5)));
        // With both it is whichever lets more go.
        floor.raise(Some(Retention { age_ms: 5, count: 100 }), place(33, 10));
        assert!(floor.covers(place(32, 5)) && floor.covers(place(28, 9)));
    }
}
