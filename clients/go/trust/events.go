package trust

import (
	"bytes"
	"strconv"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/merkle"
)

// sealedBytesMin: sealed data holds the delimiter of its padding, and the tag of the seal.
const sealedBytesMin = 17

func checkEvent(batch *event.Batch, index int, from provenance) error {
	of := &batch.Events[index]
	refuse := func(why string) error { return eventFault(fault.BatchInvalid, index, "%s", why) }
	switch of.Kind {
	case event.KindGone:
		if from == appended {
			return refuse("a writer sends its events, and nothing that stands for some")
		}
		return nil
	case event.KindGenesis:
		return refuse("a genesis is alone in its batch")
	}
	switch {
	case of.Kind == event.KindSnapshot && len(batch.Events) > 1:
		return refuse("a snapshot is alone in its batch")
	case isServersKind(of.Kind) != isServersKind(batch.Events[0].Kind):
		return refuse("what a server adds is in batches of its own")
	case of.IsGenesis:
		return refuse("only a genesis says what the chain is")
	case of.PrimaryKey == nil && (of.Kind.WritesObject() || of.Kind == event.KindRedaction):
		return refuse("it has no primary key")
	}
	if of.DataState != event.Present {
		if err := checkGone(of, index, from); err != nil {
			return err
		}
	} else {
		switch {
		case of.Sealed && of.Salt != nil:
			return refuse("sealed data has no salt")
		case !of.Sealed && of.Salt == nil:
			return refuse("its salt is missing")
		case of.DataBytes != uint64(len(of.Data)):
			return refuse("its header counts another number of bytes of data than it has")
		}
	}
	switch {
	case of.Kind != event.KindData && (of.DataBytes > 0 || of.Sealed):
		return refuse("only an event of kind \"data\" has data")
	case of.Sealed && of.DataBytes < sealedBytesMin:
		return refuse("its data is not sealed")
	case of.Kind != event.KindData || of.SaysMore():
		return checkSaid(batch, index)
	}
	return nil
}

// checkGone checks an event whose data is said not to be here, as far as it shows by itself that it may be so: docs/trust.md. That something
// newer is there, a redaction that names it, or a rule that lets it go, only the events behind it show; see Owed.
func checkGone(of *event.Event, index int, from provenance) error {
	refuse := func(why string) error { return eventFault(fault.BatchInvalid, index, "%s", why) }
	switch {
	case from == appended:
		return refuse("only a server may say that data is not here")
	case of.DataState == event.Omitted && from != trimmed:
		return refuse("its data is left out, and nobody has asked for that")
	case len(of.Data) > 0 || of.Salt != nil:
		return refuse("its data is said to be gone, and some of it is here")
	case of.Kind != event.KindData:
		return refuse("its data is said to be gone, and an event of kind \"" + of.Kind.String() + "\" has none")
	case of.DataHash == nil:
		return refuse("its header has no hash of its data")
	case of.DataState != event.DataRedacted && of.HasAuthority:
		// Whoever comes later has to be shown rules and keys with all that they came with.
		return refuse("it says something of rules or keys, and such data is never dropped")
	}
	return nil
}

// CheckOmitted checks that of a batch only such data is left out as was asked for: of events whose header says that they have more bytes of it, as
// it is stored. The error is BATCH_INVALID.
func CheckOmitted(batch *event.Batch, dataUpTo uint64) error {
	for i := range batch.Events {
		if of := &batch.Events[i]; of.DataState == event.Omitted && of.DataBytes <= dataUpTo {
			return eventFault(fault.BatchInvalid, i, "its data is left out, which has %d bytes, and only what has more than %d was to be", of.DataBytes, dataUpTo)
		}
	}
	return nil
}

// checkRedactions checks that the redactions of a batch name only what comes before it. The error is REDACTION_INVALID.
func checkRedactions(batch *event.Batch, firstSequence uint64) error {
	for i := range batch.Events {
		if batch.Events[i].Kind != event.KindRedaction {
			continue
		}
		said, err := batch.Authority(i)
		if err != nil {
			return err
		}
		if end := said.Redaction.End(); end > firstSequence {
			return eventFault(fault.RedactionInvalid, i, "it erases what comes before sequence %d, and its batch begins at %d: a redaction names only what is before its batch", end, firstSequence).
				With("sequence", strconv.FormatUint(end-1, 10))
		}
	}
	return nil
}

// checkSaid checks that an event says of rights and keys what its kind may say.
func checkSaid(batch *event.Batch, index int) error {
	said, err := batch.Authority(index)
	if err != nil {
		return err
	}
	of := &batch.Events[index]
	rules := said.Authorisation
	isOfObject := of.Kind == event.KindData || of.Kind == event.KindRules && of.PrimaryKey != nil
	for _, one := range []struct {
		isSaid bool
		why    string
	}{
		{!isOfObject && (of.Parent != nil || of.Collection != nil), "it names a parent or a collection, and may not"},
		{!isOfObject && said.Moves, "it moves nothing"},
		{!isOfObject && said.Label != nil, "it has a label, and may not"},
		{!isOfObject && rules != nil && of.Kind != event.KindRules, "it sets rules, and may not"},
		{rules != nil && rules.Admit != nil && of.PrimaryKey != nil, "only an event of rules of the root of the chain says who may open it"},
		{rules != nil && rules.Retain != nil && of.PrimaryKey != nil, "only an event of rules of the root of the chain says how long data is kept"},
		{of.PrimaryKey != nil && (of.Kind == event.KindRoots || of.Kind == event.KindKeyChange || of.Kind == event.KindSnapshot || isServersKind(of.Kind)), "it names an object, and may not"},
		{(said.Roots != nil) != (of.Kind == event.KindRoots), "a change of roots says which, and no other event does"},
		{(said.KeyChange != nil) != (of.Kind == event.KindKeyChange), "a change of a key says which, and no other event does"},
		{(said.Snapshot != nil) != (of.Kind == event.KindSnapshot), "a snapshot says what may be gone alone, and no other event does"},
		{(said.Redaction != nil) != (of.Kind == event.KindRedaction), "a redaction erases what it names alone, and no other event does"},
		{(said.AuthAnswer != nil) != (of.Kind == event.KindAuthAnswer), "the answer of an auth service is in an event of its own kind, and in no other"},
		{(said.ServerIdentity != nil) != (of.Kind == event.KindServerIdentity), "a new identity is in an event of its own kind, and in no other"},
		{isServersKind(of.Kind) && (len(said.PublicKeys) > 0 || len(said.WrappedKeys) > 0), "it shows keys, and may not"},
		{isServersKind(of.Kind) && of.NamesSigners(), "it is from the server alone"},
		{of.Kind == event.KindRules && !of.HasAuthority, "an event of rules sets some"},
		{said.Label != nil && of.PrimaryKey != nil && !bytes.Equal(event.KeyOfChild(of.Parent, said.Label), of.PrimaryKey),
			"its primary key is not made from its parent and its label"},
	} {
		if one.isSaid {
			return eventFault(fault.BatchInvalid, index, "%s", one.why)
		}
	}
	// What is wrong with what it holds is told now, and not when it is decided on.
	switch of.Kind {
	case event.KindServerIdentity:
		_, err := batch.Rotation(index)
		return err
	case event.KindAuthAnswer:
		answer, err := batch.Answer(index)
		if err == nil && len(answer.Rotations) > 0 {
			return eventFault(fault.BatchInvalid, index, "the answer has rotations, and they are events of their own")
		}
		return err
	}
	return nil
}

// checkHashes checks that the data of each event hashes to what its header says, and the headers to the root that the seal names.
func checkHashes(batch *event.Batch) error {
	var headers merkle.Frontier
	for i := range batch.Events {
		of := &batch.Events[i]
		if of.Kind == event.KindGone {
			for _, subtree := range batch.Gone[i].Subtrees {
				headers.AppendSubtree(subtree)
			}
			continue
		}
		headers.Append(merkle.LeafHash(of.Header))
		if batch.IsGenesis() {
			continue
		}
		// What is gone is looked at by whoever reads on: see Owed.
		if of.DataState != event.Present {
			continue
		}
		is := event.Hash{}
		if of.Sealed {
			is = event.SealedDataHash(of.Data)
		} else {
			is = event.DataHash(of.Salt, of.Data)
		}
		if !bytes.Equal(is[:], of.DataHash) {
			return eventFault(fault.HashMismatch, i, "its data does not hash to what its header says")
		}
	}
	if headers.Root() != batch.Seal.EventsRoot {
		return fault.New(fault.HashMismatch, "the events' headers do not hash to the seal's root")
	}
	return nil
}
