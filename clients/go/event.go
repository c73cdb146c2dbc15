package atedb

import (
	"time"

	"atedb.example/go/event"
	"atedb.example/go/keys"
	"atedb.example/go/trust"
)

// A SealState says what became of the data of an event that is sealed.
type SealState int

// The states.
const (
	// Clear: the data is not sealed.
	Clear SealState = iota
	// Opened: it was sealed, and is open.
	Opened
	// NoKey: none of the client's keys was given the read key.
	NoKey
	// Unopenable: the key is there, and the data doesn't open with it.
	Unopenable
	// Gone: it was sealed, and is not here any more.
	Gone
	// LeftOut: it is sealed, and was left out.
	LeftOut
)

// An Event that was read, and verified. Its slices may be kept.
type Event struct {
	// Sequence counts the chain's events, from 0 on.
	Sequence uint64
	// Commit is the number of its batch.
	Commit uint64
	Kind   event.Kind
	// PrimaryKey of its object; nil where it is about none.
	PrimaryKey []byte
	// Parent, Collection and ReplyTo are nil where they are not said.
	Parent, Collection, ReplyTo []byte
	Type                        string
	// Time by the writer's clock; zero: not said.
	Time time.Time
	// Committed by the server's clock.
	Committed time.Time
	// Data in clear; empty where it is sealed and doesn't open, or is not here.
	Data []byte
	// DataState says why the data is not here; event.Present where it is. Whether it was allowed to go is verified where the chain is read to its
	// end, and by Get and GetAt.
	DataState event.DataState
	// RedactedBy is the sequence of the redaction that has erased the data; 0: none has. RedactedByKey has written that one; nil where it was
	// not looked at, as only Get and GetAt do.
	RedactedBy    uint64
	RedactedByKey *keys.Fingerprint
	// Redaction is what a redaction erases; nil in events of other kinds.
	Redaction *event.Redaction
	// Seal says whether it was sealed. ReadKeyID is of the read key, and Holders are those who were given it where there is no key.
	Seal      SealState
	ReadKeyID event.Hash
	Holders   []keys.Fingerprint
	// Writer is the key that wrote it, and VouchedBy says whether by a signature or by the server's word.
	Writer    keys.Fingerprint
	VouchedBy trust.Voucher
	// Author is the key whose owner the event is from, which has signed its batch, too; nil: the writer's.
	Author *keys.Fingerprint
	// Header is what is hashed. Batch is the whole batch that it came in, and Index its place there.
	Header []byte
	Batch  *event.Batch
	Index  int
}

// HeadSignal tells of a chain's head, between events.
type HeadSignal struct {
	// NextSequence is the one that the next event gets.
	NextSequence uint64
	Size         uint64
}

func eventOf(batch trust.Verified, index int) Event {
	of := &batch.Batch.Events[index]
	is := Event{
		Sequence: batch.Commit.FirstSequence + uint64(index), Commit: batch.Commit.Number, Kind: of.Kind, PrimaryKey: of.PrimaryKey, Parent: of.Parent,
		Collection: of.Collection, ReplyTo: of.ReplyTo, Type: of.Type, Committed: time.UnixMilli(batch.Commit.TimeUnixMs), Data: of.Data,
		DataState: of.DataState, RedactedBy: of.RedactedBy,
		Writer: batch.Batch.Seal.Fingerprint, VouchedBy: batch.VouchedBy, Header: of.Header, Batch: batch.Batch, Index: index,
	}
	if of.TimeUnixMs != 0 {
		is.Time = time.UnixMilli(of.TimeUnixMs)
	}
	// What can't be read doesn't verify, and this was verified.
	if said, err := batch.Batch.Authority(index); err == nil {
		is.Author, is.Redaction = said.Author, said.Redaction
	}
	return is
}
