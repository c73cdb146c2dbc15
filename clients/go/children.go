package atedb

import (
	"context"
	"io"
	"iter"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/merkle"
	"atedb.example/go/trust"
)

// ChildrenOf says whose children are listed, and which of them. Keys are 16 bytes.
type ChildrenOf struct {
	// Parent is the primary key of the object; nil: those at the root of the chain that are in the collection, which is then required.
	Parent []byte
	// Collection: only those in it; nil: of all, and those in none.
	Collection []byte
	// After: only those behind this one, which needn't be there; nil: from the first one on.
	After *ChildName
	// Limit is how many at most; 0: all.
	Limit uint64
}

// A ChildName is a child's place in the order of its parent's children. Collection is nil where it is in none.
type ChildName struct{ Collection, PrimaryKey []byte }

// A Child of an object: its newest event.
type Child struct {
	Event
	// Where it is; what the event itself says may have been true only then.
	Where trust.Where
	// MovedBy is the sequence of the event of rules that has moved it since; 0: its event says where it is.
	MovedBy uint64
}

// Name is its place in the order, to go on behind it.
func (c *Child) Name() *ChildName { return &ChildName{c.Where.Collection, c.PrimaryKey} }

// Children lists the children of an object with their newest events, ordered by collection, then by primary key. Each is verified, and proven to
// be in the chain; that it has no newer event, and that none is left out, is the server's word, as long as the chain isn't read. The iteration
// ends after the last child, or with an error, which comes once and last: REQUEST_INVALID, VERIFICATION_FAILED, and as Read.
func (c *Chain) Children(ctx context.Context, of ChildrenOf) iter.Seq2[Child, error] {
	return func(yield func(Child, error) bool) {
		ctx, cancel := c.within(ctx)
		defer cancel()
		if err := c.children(ctx, of, func(child Child) bool { return yield(child, nil) }); err != nil {
			yield(Child{}, err)
		}
	}
}

func (c *Chain) children(ctx context.Context, of ChildrenOf, take func(Child) bool) error {
	genesis, knownBefore := c.Genesis(), c.Head()
	if genesis == nil {
		return fault.New(fault.ChainNotFound, "there is no chain %s on %s yet", c.key, c.client.Server()).With("chain_key", c.key.Text)
	}
	asked, request, err := of.request()
	if err != nil {
		return err
	}
	request.ChainKey, request.ChainId = c.key.Text, genesis.ChainID[:]
	stream, err := c.ask(ctx, atedbv1.ChainService_ListChildren_FullMethodName, request)
	if err != nil {
		return err
	}
	defer stream.Close()
	list := trust.NewChildren(genesis, c.findKey(func() context.Context { return ctx }), asked)
	before := looked{}
	for isLast := false; ; {
		bytes, err := stream.Recv()
		switch {
		case err == io.EOF && isLast:
			return c.tie(ctx, list.Head, knownBefore)
		case err == io.EOF:
			return trust.BadChildren("it ends without saying so")
		case err != nil:
			return err
		case isLast:
			return trust.BadChildren("something follows its end")
		}
		message, err := trust.ParseChildren(bytes)
		if err != nil {
			return err
		}
		isLast = message.IsLast
		children, err := c.takeChildren(ctx, list, message, knownBefore)
		if err != nil {
			return err
		}
		for _, one := range children {
			child, err := c.childOf(ctx, one, before)
			if err != nil {
				return err
			}
			if !take(child) {
				return nil
			}
		}
	}
}

// takeChildren verifies the next message, also what takes asking the server: that its head is of the chain that is known, and that events were
// allowed.
func (c *Chain) takeChildren(ctx context.Context, list *trust.Children, message *trust.ChildrenMessage, knownBefore merkle.Head) ([]trust.ListedChild, error) {
	if list.Head.Size == 0 {
		if err := c.tie(ctx, message.Head, knownBefore); err != nil {
			return nil, err
		}
	}
	children, newest, err := list.Take(message)
	if err != nil || newest == nil || !c.checksRules() {
		return children, err
	}
	return children, c.checkAllowed(ctx, newest, message.Head)
}

func (c *Chain) childOf(ctx context.Context, one trust.ListedChild, before looked) (Child, error) {
	child := Child{eventOf(one.Own, one.Index), one.Where, one.MovedBy}
	if one.IsGone {
		if err := c.checkGone(ctx, &child.Event, &child.Event); err != nil {
			return child, err
		}
	}
	if child.Batch.Events[child.Index].Sealed {
		return child, c.openSealed(ctx, &child.Event, before)
	}
	return child, nil
}

func (of *ChildrenOf) request() (trust.AskedChildren, *atedbv1.ListChildrenRequest, error) {
	asked := trust.AskedChildren{Where: trust.Where{Parent: of.Parent, Collection: of.Collection}, Limit: of.Limit}
	request := &atedbv1.ListChildrenRequest{Parent: of.Parent, Collection: of.Collection, Limit: of.Limit}
	keys := []struct {
		field string
		key   []byte
	}{{"Parent", of.Parent}, {"Collection", of.Collection}}
	if of.After != nil {
		keys = append(keys, struct {
			field string
			key   []byte
		}{"After.Collection", of.After.Collection})
		if len(of.After.PrimaryKey) != event.IDBytes {
			return asked, nil, wrongKey("After.PrimaryKey", of.After.PrimaryKey)
		}
		asked.After = trust.ChildOrder(of.After.Collection, of.After.PrimaryKey)
		request.After = &atedbv1.ChildPosition{Collection: of.After.Collection, PrimaryKey: of.After.PrimaryKey}
	}
	for _, one := range keys {
		if one.key != nil && len(one.key) != event.IDBytes {
			return asked, nil, wrongKey(one.field, one.key)
		}
	}
	if of.Parent == nil && of.Collection == nil {
		return asked, nil, fault.New(fault.RequestInvalid, "Parent: an object or a collection is required").With("field", "Parent")
	}
	return asked, request, nil
}

func wrongKey(field string, key []byte) error {
	return fault.New(fault.RequestInvalid, "%s: it is %d bytes, and must be %d", field, len(key), event.IDBytes).With("field", field)
}
