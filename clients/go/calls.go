package atedb

import (
	"context"
	"io"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/rpc"
	"atedb.example/go/keys"
)

func reasonOf(number uint64) fault.Reason { return fault.ReasonOf(atedbv1.ErrorReason(number)) }

func encode(message proto.Message) []byte {
	bytes, err := proto.Marshal(message)
	if err != nil {
		panic(err)
	}
	return bytes
}

// unary makes a call whose answer is nothing to be verified.
func (c *Client) unary(ctx context.Context, method string, request, answer proto.Message) error {
	bytes, err := c.conn.Unary(ctx, method, encode(request), nil)
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(bytes, answer); err != nil {
		return unreadable(err.Error())
	}
	return nil
}

// ticketMetadata is what lets a call into a private chain; nil where there is no ticket.
func (c *Chain) ticketMetadata() metadata.MD {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.ticket == nil {
		return nil
	}
	return metadata.Pairs("atedb-ticket-bin", string(c.ticket))
}

// unary makes a call with one answer, with a ticket where the chain is private.
func (c *Chain) unary(ctx context.Context, method string, request proto.Message) ([]byte, error) {
	ctx, cancel := c.client.deadline(ctx)
	defer cancel()
	stream, err := c.ask(ctx, method, request)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	answer, err := stream.Recv()
	if err != nil {
		return nil, notEOF(err, c.client.Server())
	}
	if _, err := stream.Recv(); err != io.EOF {
		return nil, err
	}
	return answer, nil
}

func notEOF(err error, server string) error {
	if err == io.EOF {
		return fault.New(fault.ConnectionFailed, "%s has ended the call without an answer", server).With("server", server)
	}
	return err
}

// answers is a stream of answers, of which the first has come.
type answers struct {
	*rpc.Stream
	first    []byte
	firstErr error
	isBegun  bool
}

// Recv gives the next one; io.EOF after the last.
func (a *answers) Recv() ([]byte, error) {
	if !a.isBegun {
		a.isBegun = true
		return a.first, a.firstErr
	}
	return a.Stream.Recv()
}

// ask makes a call with one request and a stream of answers. Where it is refused since the chain is private, a ticket is got, and the call
// is made again, once.
func (c *Chain) ask(ctx context.Context, method string, request proto.Message) (*answers, error) {
	message := encode(request)
	for isAgain := false; ; isAgain = true {
		stream, err := c.client.conn.Ask(ctx, method, message, c.ticketMetadata())
		if err != nil {
			return nil, err
		}
		first, err := stream.Recv()
		if found := fault.Of(err); found == nil || found.Reason != fault.ChainPrivate || isAgain {
			return &answers{Stream: stream, first: first, firstErr: err}, nil
		}
		stream.Close()
		if err := c.getTicket(ctx); err != nil {
			return nil, err
		}
	}
}

// getTicket proves the chain's key, to be let into a private chain.
func (c *Chain) getTicket(ctx context.Context) error {
	all, err := c.readingKeys(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fault.New(fault.ChainPrivate, "the chain %s is private, and there is no key here to open it with. Open it with one, and have the chain's owner let it in", c.key).With("chain_key", c.key.Text)
	}
	key := all[0]
	stream, err := c.client.conn.NewStream(ctx, atedbv1.ChainService_GetTicket_FullMethodName, nil)
	if err != nil {
		return err
	}
	defer stream.Close()
	request := &atedbv1.GetTicketRequest{ChainKey: c.key.Text, Key: publicKeyMessage(key.Public())}
	request.Delegations, request.Issuer = shownRight(c.options.right())
	if c.options.chainID != nil {
		request.ChainId = c.options.chainID[:]
	}
	answer := &atedbv1.GetTicketResponse{}
	if err := converse(stream, c.client.Server(), request, answer); err != nil {
		return err
	}
	claim, err := c.checkChallenge(answer.GetChallenge())
	if err != nil {
		return err
	}
	claim.Exporter, claim.Key = stream.Exporter(), key.Public().Fingerprint()
	proof := &atedbv1.TicketProof{Signature: sign(key, crypt.ContextTicket, claim.TicketBytes(c.key))}
	if err := converse(stream, c.client.Server(), &atedbv1.GetTicketRequest{Proof: proof}, answer); err != nil {
		return err
	}
	ticket := answer.GetTicket()
	if ticket == nil || len(ticket.Ticket) == 0 {
		return unreadable("there is no ticket in the answer to a proof")
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.ticket = ticket.Ticket
	return nil
}

// checkChallenge refuses to prove a key for another chain or server than is known: whoever runs that one could get in with it.
func (c *Chain) checkChallenge(challenge *atedbv1.TicketChallenge) (claim event.ProofClaim, err error) {
	if challenge == nil || len(challenge.ConversationId) != 32 || len(challenge.ChainId) != 32 || challenge.ServerIdentity == nil {
		return claim, unreadable("a challenge says nothing")
	}
	identity, err := keys.ParsePublic(encode(challenge.ServerIdentity))
	if err != nil {
		return claim, cantBe(err)
	}
	var rotations [][]byte
	for _, one := range challenge.IdentityRotations {
		rotations = append(rotations, encode(one))
	}
	line, err := event.VerifyIdentityLine(identity, rotations)
	if err != nil {
		return claim, cantBe(err)
	}
	if err := c.checkProven(identity); err != nil {
		return claim, err
	}
	remembered, err := c.remembered.Load()
	if err != nil {
		return claim, err
	}
	id := event.Hash(challenge.ChainId)
	if err := c.checkChainID(id, remembered); err != nil {
		return claim, err
	}
	var named *keys.Public
	if genesis := c.Genesis(); genesis != nil {
		named = genesis.ServerIdentity
	}
	var before *event.IdentityLine
	if remembered != nil {
		before = remembered.Line
	}
	return event.ProofClaim{Server: identity.Fingerprint(), ChainID: id, Conversation: event.Hash(challenge.ConversationId)}, c.checkIdentity(line, named, before)
}

// next is the next answer of a conversation.
func next(stream *rpc.Stream, server string, answer proto.Message) error {
	bytes, err := stream.Recv()
	if err != nil {
		return notEOF(err, server)
	}
	if err := proto.Unmarshal(bytes, answer); err != nil {
		return unreadable(err.Error())
	}
	return nil
}

// converse says something, and waits for the answer.
func converse(stream *rpc.Stream, server string, request, answer proto.Message) error {
	if err := stream.Send(encode(request)); err != nil {
		return err
	}
	return next(stream, server, answer)
}

func publicKeyMessage(key *keys.Public) *atedbv1.PublicKey {
	message := &atedbv1.PublicKey{Suite: atedbv1.SignatureSuite(key.Suite()), Key: key.Bytes()}
	if key.KEM() != nil {
		message.KemSuite, message.KemKey = atedbv1.KemSuite(crypt.KEMSuite), key.KEM()
	}
	return message
}

// shownRight is what a request says of a right by delegations.
func shownRight(right *event.Right) (delegations [][]byte, issuer *atedbv1.PublicKey) {
	if right == nil {
		return nil, nil
	}
	for _, one := range right.Delegations {
		delegations = append(delegations, one.Message)
	}
	return delegations, publicKeyMessage(right.Issuer)
}

func sign(key *keys.Pair, context string, message []byte) *atedbv1.Signature {
	fingerprint := key.Public().Fingerprint()
	return &atedbv1.Signature{Suite: atedbv1.SignatureSuite(key.Public().Suite()), Fingerprint: fingerprint[:], Signature: key.Sign(context, message)}
}
