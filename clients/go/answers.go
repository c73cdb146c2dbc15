package atedb

import (
	"bytes"
	"errors"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
)

// What servers send, taken apart in place. Slices of the log stay as they came: what is verified is their bytes.

// fields of a message, by their numbers.
type fields struct {
	contents map[int][][]byte
	numbers  map[int]uint64
}

func fieldsOf(message []byte) (fields, error) {
	is := fields{map[int][][]byte{}, map[int]uint64{}}
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		if cursor.Wire == strict.WireBytes {
			is.contents[cursor.Field] = append(is.contents[cursor.Field], cursor.Bytes())
		} else {
			is.numbers[cursor.Field] = cursor.Value
		}
	}
	if err := cursor.Err(); err != nil {
		return is, cantBe(err)
	}
	return is, nil
}

// bytes of a field; nil where it is absent.
func (f fields) bytes(number int) []byte {
	if all := f.contents[number]; len(all) > 0 {
		return all[0]
	}
	return nil
}

func (f fields) all(number int) [][]byte { return f.contents[number] }

func (f fields) text(number int) string { return string(f.bytes(number)) }

func unreadable(why string) error {
	return fault.New(fault.VerificationFailed, "an answer of the server can't be read, or can't be true: %s. Nothing of it was used", why)
}

// cantBe is unreadable, of what an error says; but what this version can't read may be right, and stays UNSUPPORTED.
func cantBe(err error) error {
	if errors.Is(err, fault.Unsupported) {
		return err
	}
	return unreadable(fault.Text(err))
}

func headOf(message []byte) (merkle.Head, error) {
	if message == nil {
		return merkle.Head{}, unreadable("it names no head")
	}
	inner, err := fieldsOf(message)
	if err != nil {
		return merkle.Head{}, err
	}
	root := inner.bytes(2)
	if len(root) != 32 {
		return merkle.Head{}, unreadable("a head has no root of 32 bytes")
	}
	return merkle.Head{Size: inner.numbers[1], Root: merkle.Hash(root)}, nil
}

// An openAnswer is an OpenChainResponse.
type openAnswer struct {
	identity  *keys.Public
	rotations [][]byte
	trustMode event.TrustMode
	// genesis batch with its commit; nil: there is no such chain yet, and all that follows is absent.
	genesis      []byte
	head         merkle.Head
	nextSequence uint64
	consistency  [][]byte
	// writer's standing; nil where none was asked for.
	writer                *standing
	trouble               string
	isDamaged             bool
	checkpointKeys        []byte
	checkpoint            string
	checkpointConsistency [][]byte
	// offer is the batch that creates the chain, as the server offers it; nil: it offers none.
	offer []byte
}

// standing is what a server knows of a writer.
type standing struct {
	nextCounter uint64
	lastSeal    []byte
}

func parseOpenAnswer(message []byte) (*openAnswer, error) {
	said, err := fieldsOf(message)
	if err != nil {
		return nil, err
	}
	answer := &openAnswer{trustMode: event.TrustMode(said.numbers[2]), genesis: said.bytes(3), nextSequence: said.numbers[5], consistency: said.all(6),
		trouble: said.text(8), isDamaged: said.bytes(9) != nil, checkpointKeys: said.bytes(10), checkpoint: said.text(11),
		checkpointConsistency: said.all(12), rotations: said.all(13), offer: said.bytes(14)}
	if said.bytes(1) == nil || answer.trustMode != event.Centralized && answer.trustMode != event.Distributed {
		return nil, unreadable("it names no server, or another trust mode")
	}
	if answer.identity, err = keys.ParsePublic(said.bytes(1)); err != nil {
		return nil, cantBe(err)
	}
	if writer := said.bytes(7); writer != nil {
		inner, err := fieldsOf(writer)
		if err != nil {
			return nil, err
		}
		answer.writer = &standing{inner.numbers[1], inner.bytes(2)}
	}
	if answer.genesis != nil {
		answer.head, err = headOf(said.bytes(4))
	}
	return answer, err
}

// history is a StartOfHistory; its genesis is left out, since the reader has verified it before.
type history struct {
	chainID                     []byte
	head                        merkle.Head
	startCommit, startSequence  uint64
	frontierHashes, consistency [][]byte
}

func parseHistory(message []byte) (*history, error) {
	said, err := fieldsOf(message)
	if err != nil {
		return nil, err
	}
	head, err := headOf(said.bytes(3))
	return &history{said.bytes(1), head, said.numbers[4], said.numbers[5], said.all(6), said.all(7)}, err
}

// The kinds of messages of a stream or a range.
type messageKind int

const (
	messageStart messageKind = iota + 1
	messageLog
	messageCaughtUp
	messageFellBehind
	messageHeartbeat
	messageCheckpoint
	messageEnd
)

// A streamMessage is a SubscribeResponse or a ReadEventsResponse.
type streamMessage struct {
	kind         messageKind
	start        *history
	slice        []byte
	head         merkle.Head
	nextSequence uint64
	checkpoint   string
	endCommit    uint64
	consistency  [][]byte
}

func parseSubscribeMessage(message []byte) (*streamMessage, error) {
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		switch kind := messageKind(cursor.Field); kind {
		case messageLog:
			return &streamMessage{kind: kind, slice: cursor.Bytes()}, nil
		case messageStart:
			start, err := parseHistory(cursor.Bytes())
			return &streamMessage{kind: kind, start: start}, err
		case messageCheckpoint:
			return &streamMessage{kind: kind, checkpoint: string(cursor.Bytes())}, nil
		case messageCaughtUp, messageFellBehind, messageHeartbeat:
			inner, err := fieldsOf(cursor.Bytes())
			if err != nil {
				return nil, err
			}
			head, err := headOf(inner.bytes(1))
			return &streamMessage{kind: kind, head: head, nextSequence: inner.numbers[2]}, err
		}
	}
	return nil, unreadable("a message of a stream says nothing")
}

func parseReadMessage(message []byte) (*streamMessage, error) {
	said, err := fieldsOf(message)
	if err != nil {
		return nil, err
	}
	if slice := said.bytes(2); slice != nil {
		return &streamMessage{kind: messageLog, slice: slice}, nil
	}
	if said.bytes(1) != nil {
		start, err := parseHistory(said.bytes(1))
		return &streamMessage{kind: messageStart, start: start}, err
	}
	if said.bytes(4) == nil {
		return nil, unreadable("a message of a range says nothing")
	}
	inner, err := fieldsOf(said.bytes(4))
	return &streamMessage{kind: messageEnd, endCommit: inner.numbers[1], consistency: inner.all(2)}, err
}

// An appendAnswer is an AppendResponse.
type appendAnswer struct {
	sealHash []byte
	// committed: the header of the commit, and a head that it is in.
	commitHeader []byte
	head         merkle.Head
	// rejected, and why.
	rejected error
	// conversation id, or the fingerprint that was proven.
	conversation, proven []byte
}

func parseAppendAnswer(message []byte) (*appendAnswer, error) {
	said, err := fieldsOf(message)
	if err != nil {
		return nil, err
	}
	answer := &appendAnswer{sealHash: bytes.Clone(said.bytes(1))}
	part := func(number int) (fields, bool) {
		if said.bytes(number) == nil || err != nil {
			return fields{}, false
		}
		var inner fields
		inner, err = fieldsOf(said.bytes(number))
		return inner, err == nil
	}
	if inner, ok := part(2); ok {
		answer.commitHeader = inner.bytes(1)
		answer.head, err = headOf(inner.bytes(2))
		return answer, err
	}
	if inner, ok := part(3); ok {
		rejected := fault.New(reasonOf(inner.numbers[1]), "%s", inner.text(2))
		for _, entry := range inner.all(3) {
			if pair, err := fieldsOf(entry); err == nil {
				rejected.With(pair.text(1), pair.text(2))
			}
		}
		answer.rejected = rejected
		return answer, nil
	}
	if inner, ok := part(4); ok {
		if answer.conversation = inner.bytes(1); len(answer.conversation) != 32 {
			return nil, unreadable("a conversation has no id of 32 bytes")
		}
		return answer, nil
	}
	if inner, ok := part(5); ok {
		answer.proven = inner.bytes(1)
		return answer, nil
	}
	if err == nil {
		err = unreadable("an answer to a batch says nothing")
	}
	return nil, err
}
