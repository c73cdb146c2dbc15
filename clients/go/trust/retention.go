package trust

import "atedb.example/go/event"

// An EventPlace is where an event is in its chain.
type EventPlace struct {
	Sequence uint64
	// TimeUnixMs of its commit: milliseconds since 1970-01-01 UTC.
	TimeUnixMs int64
}

// A Floor is what a chain's rules for retention have let go so far. Sequences and times of commits never decrease, so it is all up to some
// place, and it never becomes less: a rule that is changed later takes back nothing. The zero value lets nothing go.
type Floor struct {
	// Sequence: the data of events below it may be gone.
	Sequence uint64
	// TimeUnixMs: so may that of events that were committed then or before. 0: no such time.
	TimeUnixMs int64
}

// Raised is what may be gone once a chain goes so far, by the rule that it has there; nil: none. Time is that of the newest commit, and not
// anybody's clock: so everybody who has the same history decides alike, for ever.
func (f Floor) Raised(rule *event.Retention, nextSequence uint64, timeUnixMs int64) Floor {
	if rule == nil {
		return f
	}
	if rule.Count > 0 && nextSequence > rule.Count {
		f.Sequence = max(f.Sequence, nextSequence-rule.Count)
	}
	if rule.AgeMs > 0 {
		f.TimeUnixMs = max(f.TimeUnixMs, timeUnixMs-int64(rule.AgeMs))
	}
	return f
}

// LetsGo reports whether the data of an event may be gone, so that its header alone is left.
func (f Floor) LetsGo(of EventPlace) bool {
	return of.Sequence < f.Sequence || f.TimeUnixMs > 0 && of.TimeUnixMs <= f.TimeUnixMs
}
