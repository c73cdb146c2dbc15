package trust

import (
	"bytes"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
)

// A Where is where an object is: below a parent, nil for the root of the chain, and perhaps in a collection; 16 bytes each.
type Where struct{ Parent, Collection []byte }

// AskedChildren are what a list of children is asked for. A Collection that is nil stands for all, and none.
type AskedChildren struct {
	Where
	// After is what they come behind, as ChildOrder makes it; nil: from the first one on.
	After []byte
	// Limit is how many at most; 0: all.
	Limit uint64
}

// A NamedChild are the events that say of an object that it is there, and where. MovedBy is 0 where its own says so.
type NamedChild struct{ Sequence, MovedBy uint64 }

// A ChildrenMessage is a ListChildrenResponse.
type ChildrenMessage struct {
	Head merkle.Head
	// Consistency from the head of the message before.
	Consistency [][]byte
	// Slice of whole batches; may be empty. Inclusions are of each of them.
	Slice      []byte
	Inclusions [][][]byte
	Children   []NamedChild
	IsLast     bool
}

// A ListedChild is a child whose events are in the chain.
type ListedChild struct {
	NamedChild
	// Own is the batch of its newest event of data, and Index its place there.
	Own   Verified
	Index int
	Where
	// IsGone: the data of that event is gone, and what allows that is still to be asked for.
	IsGone bool
}

// ChildOrder is what children of one parent are ordered by: the collection, zeros for none, then the primary key.
func ChildOrder(collection, primaryKey []byte) []byte {
	if collection == nil {
		collection = make([]byte, event.IDBytes)
	}
	return bytes.Join([][]byte{collection, primaryKey}, nil)
}

// Children verifies a list of children as it comes: that each event is in the tree of the head that the list names, of whom it is, that it has
// the object where it was asked for, and the order. That the object has no newer event, and that none is left out, can't be verified; that the
// first head is one of the chain's, and that events were allowed, is the caller's to check.
type Children struct {
	genesis *event.Genesis
	findKey func(keys.Fingerprint) (*keys.Public, error)
	asked   AskedChildren
	// Head that the list has come to; size 0 before its first message.
	Head  merkle.Head
	order []byte
	count uint64
	// carried are batches of the message before, which named no child.
	carried []Verified
}

// NewChildren begins with what was asked for.
func NewChildren(genesis *event.Genesis, findKey func(keys.Fingerprint) (*keys.Public, error), asked AskedChildren) *Children {
	return &Children{genesis: genesis, findKey: findKey, asked: asked, order: asked.After}
}

// Take the next message. It gives its children, and the newest commit that came with it, nil for none. The error is VERIFICATION_FAILED.
func (c *Children) Take(message *ChildrenMessage) ([]ListedChild, *event.Commit, error) {
	if c.Head.Size > 0 && !merkle.VerifyConsistency(c.Head, message.Head, message.Consistency) {
		return nil, nil, BadChildren("its heads do not follow one another")
	}
	c.Head = message.Head
	batches, err := c.batches(message)
	if err != nil {
		return nil, nil, err
	}
	var newest *event.Commit
	if count := len(batches); count > 0 {
		newest = batches[count-1].Commit
	}
	all := append(c.carried, batches...)
	c.carried = nil
	if len(message.Children) == 0 && !message.IsLast {
		if len(all) == 0 || len(all) > len(batches) {
			return nil, nil, BadChildren("a message of it names no children")
		}
		c.carried = batches
		return nil, newest, nil
	}
	used := make([]bool, len(all))
	var children []ListedChild
	for _, named := range message.Children {
		child, err := c.child(named, all, used)
		if err != nil {
			return nil, nil, err
		}
		children = append(children, child)
	}
	for _, isUsed := range used {
		if !isUsed {
			return nil, nil, BadChildren("it comes with batches of no child")
		}
	}
	return children, newest, nil
}

func (c *Children) batches(message *ChildrenMessage) ([]Verified, error) {
	stored, err := event.SplitSlice(message.Slice)
	if err != nil {
		return nil, BadChildren(fault.Text(err))
	}
	if len(stored) != len(message.Inclusions) {
		return nil, BadChildren("it has other proofs than batches")
	}
	var verified []Verified
	for i, one := range stored {
		if i > 0 && one.Commit.Number <= stored[i-1].Commit.Number {
			return nil, BadChildren("its batches are in another order")
		}
		if !merkle.VerifyInclusion(one.Commit.Leaf(), one.Commit.Number, message.Head, message.Inclusions[i]) {
			return nil, BadChildren("a batch is not in the tree of the head that the server names")
		}
		batch, err := verifyOne(c.genesis, one, c.findKey, trimmed)
		if err != nil {
			return nil, err
		}
		verified = append(verified, batch)
	}
	return verified, nil
}

func (c *Children) child(named NamedChild, all []Verified, used []bool) (ListedChild, error) {
	own, index, err := holderOf(named.Sequence, all, used)
	if err != nil {
		return ListedChild{}, err
	}
	of := &own.Batch.Events[index]
	switch {
	case of.Kind != event.KindData || of.PrimaryKey == nil:
		return ListedChild{}, BadChildren("an event that it names has no object there")
	case of.DataState == event.Omitted:
		return ListedChild{}, BadChildren("the data of an event that it names is left out")
	}
	child := ListedChild{named, own, index, Where{of.Parent, of.Collection}, of.DataState != event.Present}
	if named.MovedBy > 0 {
		if child.Where, err = movedTo(named, of, all, used); err != nil {
			return child, err
		}
	}
	asked := c.asked
	if !bytes.Equal(child.Parent, asked.Parent) || asked.Collection != nil && !bytes.Equal(child.Collection, asked.Collection) {
		return child, BadChildren("an object of it is elsewhere")
	}
	order := ChildOrder(child.Collection, of.PrimaryKey)
	if c.order != nil && bytes.Compare(order, c.order) <= 0 {
		return child, BadChildren("the children are in another order, or one comes twice")
	}
	c.order = order
	if c.count++; asked.Limit > 0 && c.count > asked.Limit {
		return child, BadChildren("it has more than was asked for")
	}
	return child, nil
}

// holderOf the event of a sequence, among some batches.
func holderOf(sequence uint64, all []Verified, used []bool) (Verified, int, error) {
	for i, one := range all {
		if first := one.Commit.FirstSequence; sequence >= first && sequence-first < uint64(len(one.Batch.Events)) {
			used[i] = true
			return one, int(sequence - first), nil
		}
	}
	return Verified{}, 0, BadChildren("the batch of an event that it names is not there")
}

// movedTo is where an event of rules has moved an object.
func movedTo(named NamedChild, of *event.Event, all []Verified, used []bool) (Where, error) {
	moved, index, err := holderOf(named.MovedBy, all, used)
	if err != nil {
		return Where{}, err
	}
	by := &moved.Batch.Events[index]
	said, err := moved.Batch.Authority(index)
	if err != nil {
		return Where{}, BadChildren(fault.Text(err))
	}
	if by.Kind != event.KindRules || !said.Moves || named.MovedBy <= named.Sequence || !bytes.Equal(by.PrimaryKey, of.PrimaryKey) {
		return Where{}, BadChildren("an object is said to be moved by an event which doesn't do that")
	}
	return Where{by.Parent, by.Collection}, nil
}

// ParseChildren reads a ListChildrenResponse. The error is VERIFICATION_FAILED for one that can't be read.
func ParseChildren(bytes []byte) (*ChildrenMessage, error) {
	message := &ChildrenMessage{}
	hasHead := false
	cursor := strict.NewCursor(bytes)
	for cursor.Next() {
		inner := strict.NewCursor(nil)
		if cursor.Wire == strict.WireBytes {
			inner = strict.NewCursor(cursor.Bytes())
		}
		switch cursor.Field {
		case 1:
			for inner.Next() {
				if inner.Field == 1 {
					message.Head.Size = inner.Value
				} else if inner.Wire == strict.WireBytes && len(inner.Bytes()) == len(message.Head.Root) {
					message.Head.Root, hasHead = merkle.Hash(inner.Bytes()), true
				}
			}
		case 2:
			message.Consistency = append(message.Consistency, cursor.Bytes())
		case 3:
			message.Slice = cursor.Bytes()
		case 4:
			var hashes [][]byte
			for inner.Next() {
				hashes = append(hashes, inner.Bytes())
			}
			message.Inclusions = append(message.Inclusions, hashes)
		case 5:
			named := NamedChild{}
			for inner.Next() {
				if inner.Field == 1 {
					named.Sequence = inner.Value
				} else if named.MovedBy = inner.Value; named.MovedBy == 0 {
					return nil, BadChildren("an object is said to be moved by the first event of all, which doesn't do that")
				}
			}
			message.Children = append(message.Children, named)
		case 6:
			message.IsLast = cursor.Value == 1
		}
		if err := inner.Err(); err != nil && cursor.Field != 2 && cursor.Field != 3 {
			return nil, BadChildren(fault.Text(err))
		}
	}
	if err := cursor.Err(); err != nil {
		return nil, BadChildren(fault.Text(err))
	}
	if !hasHead {
		return nil, BadChildren("a message of it names no head")
	}
	return message, nil
}

// BadChildren is VERIFICATION_FAILED, of what is not the list of children that was asked for.
func BadChildren(why string) error {
	return fault.New(fault.VerificationFailed, "the list of children that the server sent does not verify: %s. What was handed on before is part of the chain and verified", why)
}
