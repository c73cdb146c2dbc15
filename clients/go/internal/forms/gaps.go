package forms

import "atedb.example/go/internal/strict"

const (
	// goneHashesMax stand for events of a batch: two for each level of its tree.
	goneHashesMax = 28
	// gapHashesMax stand for commits of a chain.
	gapHashesMax = 106
)

// What stands for events and commits that are gone.
var (
	goneEvents = &strict.Form{Name: "GoneEvents", Fields: []strict.Field{
		{Number: 1, Name: "events", Kind: strict.Uint32, Required: true},
		{Number: 2, Name: "hashes", Kind: strict.Bytes, LengthMax: 32 * goneHashesMax, Required: true},
	}}
	// GoneEvent is an Event that stands for others, and holds nothing else.
	GoneEvent = &strict.Form{Name: "Event", Fields: []strict.Field{strict.Need(message(6, "gone", goneEvents))}}
	Gap       = &strict.Form{Name: "Gap", Fields: []strict.Field{
		varint(1, "commits"),
		varint(2, "events"),
		{Number: 3, Name: "hashes", Kind: strict.Bytes, LengthMax: 32 * gapHashesMax},
		strict.Need(varint(4, "snapshot")),
		strict.Need(varint(5, "size")),
		strict.Hash32(6, "before"),
		varint(7, "gone_from"),
		varint(8, "last_from"),
		varint(9, "last_end"),
	}}
)
