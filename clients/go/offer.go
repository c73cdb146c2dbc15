package atedb

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	atedbv1 "atedb.example/go/gen/atedb/v1"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/account"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
	"atedb.example/go/trust"
)

// open the chain for its writer. Where it isn't there, and nobody has the name of its owner, that is claimed first, if that is wanted.
func (p *place) open(ctx context.Context, key *keys.Pair, writerID []byte) (*openAnswer, error) {
	call := openCall{forAppend: true, wishes: true, writerID: writerID}
	answer, err := p.chain.open(ctx, call)
	if !isClaimable(err) || !p.chain.options.claim || p.chain.key.Group != "" {
		return answer, err
	}
	if err := p.chain.claim(ctx, key); err != nil {
		return nil, err
	}
	return p.chain.open(ctx, call)
}

// isClaimable reports whether an error says that nobody has the name of a chain's owner, and that who asked may have it.
func isClaimable(err error) bool {
	found := fault.Of(err)
	return found != nil && found.Reason == fault.OwnerUnknown && found.Metadata["claimable"] == "true"
}

// claim the name of the chain's owner with a key, which is then the root key of its chains. Where somebody else is faster, the name is theirs.
func (c *Chain) claim(ctx context.Context, key *keys.Pair) error {
	owner := c.key.Owner()
	act, err := account.Claim(owner, key, time.Now().UnixMilli())
	if err != nil {
		return err
	}
	ctx, cancel := c.client.deadline(ctx)
	defer cancel()
	err = c.client.unary(ctx, atedbv1.OwnerService_ClaimOwner_FullMethodName, &atedbv1.ClaimOwnerRequest{Act: act}, &atedbv1.ClaimOwnerResponse{})
	if errors.Is(err, fault.AccountExists) || errors.Is(err, fault.VersionConflict) {
		return nil
	}
	if err == nil {
		c.client.options.notice(Notice{Kind: "name-claimed", Message: "claimed the name " + owner.Text + " at " + c.client.Server() + " with the key " + key.String() + "; nobody has checked whose it is"})
	}
	return err
}

// overtaken: why a genesis that was offered a moment ago isn't taken, and another one may be. Opening again tells.
func overtaken(err error) bool {
	return errors.Is(err, fault.ChainExists) || errors.Is(err, fault.AuthAnswerInvalid) || errors.Is(err, fault.ServerIdentityMismatch)
}

// takeOffer creates the chain by the genesis that the server offers, which is the first batch of the server and not of this writer.
func (p *place) takeOffer(ctx context.Context, key *keys.Pair, server *openAnswer) error {
	genesis, err := p.chain.checkOffer(server, key.Public())
	if err != nil {
		return err
	}
	request := new(strict.Writer).Raw(server.offer).String(16, p.chain.key.Text).Finish()
	if _, err := p.chain.client.conn.Unary(ctx, atedbv1.ChainService_AppendBatch_FullMethodName, request, nil); err != nil {
		if overtaken(err) {
			return nil
		}
		return err
	}
	p.tellCreated(genesis.ChainID)
	return nil
}

func (p *place) tellCreated(id event.Hash) {
	p.chain.client.options.notice(Notice{Kind: "chain-created", Message: "created the chain " + p.chain.key.Text + ", with the id " + hex.EncodeToString(id[:])})
}

// checkOffer verifies the genesis that a server offers, before it is appended: that an auth service has signed who owns the chain, that it is
// the owner that the chain key names, that the server has signed it with the identity that it has, and that it is what was wished for. The
// error is VERIFICATION_FAILED, or KEY_NOT_ALLOWED where the key that is to write isn't one of the owner's.
func (c *Chain) checkOffer(server *openAnswer, writer *keys.Public) (*event.Genesis, error) {
	refuse := func(why string) (*event.Genesis, error) {
		return nil, fault.New(fault.VerificationFailed, "the genesis that the server offers can't be taken: %s. Nothing was created", why)
	}
	genesis, _, err := trust.VerifyGenesis(bytes.Clone(server.offer))
	switch {
	case err != nil:
		return refuse(fault.Text(err))
	case genesis.ChainKey.Text != c.key.Text:
		return refuse("it is for the chain " + genesis.ChainKey.Text)
	case genesis.Answer == nil:
		return refuse("it holds no word of an auth service")
	case genesis.ServerIdentity.Fingerprint() != server.identity.Fingerprint():
		return refuse("it names another server")
	case genesis.Private != c.options.private || genesis.Confidential != c.options.confidential:
		return refuse("it is private or confidential, or not, other than was wished for")
	}
	var owners []keys.Fingerprint
	for _, one := range slices.Concat(genesis.Answer.Roots, genesis.Answer.Writers) {
		owners = append(owners, one.Fingerprint())
	}
	if slices.Contains(owners, writer.Fingerprint()) {
		return genesis, nil
	}
	owner, names := c.key.Owner().Text, joinFingerprints(owners)
	return nil, fault.New(fault.KeyNotAllowed, "the chain %s isn't there yet, and %s alone may create it: by the auth service of %s that is %s, and the key is %s. Log in as %s, or ask them",
		c.key, owner, c.client.Server(), names, writer, owner).With("fingerprint", writer.String()).With("allowed", names).With("owner", owner)
}
