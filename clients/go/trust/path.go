package trust

import (
	"encoding/hex"
	"slices"
	"strings"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/keys"
)

// CheckPath checks that delegations are one path, in its order: each is by the subject of the one before, and says no more than that.
// Whether they are signed is VerifyPath; whether the first issuer has any right is the chain's to say. The error is DELEGATION_INVALID.
func CheckPath(path []*event.Delegation) error {
	var passed []keys.Fingerprint
	for i, one := range path {
		if i > 0 {
			if err := checkNext(one, path[i-1]); err != nil {
				return err
			}
		}
		passed = append(passed, one.Issuer)
		if contains(passed, one.Subject.Fingerprint()) {
			return badDelegation(one, "it leads back to a key that the path has passed")
		}
	}
	return nil
}

func checkNext(one, before *event.Delegation) error {
	if subject := before.Subject.Fingerprint(); one.Issuer != subject {
		return badDelegation(one, "it is by the key "+one.Issuer.String()+", and the one before it is to "+subject.String())
	}
	for _, entry := range one.Chains {
		if !event.ScopeCovers(before.Chains, entry) {
			return badDelegation(one, "it names "+entry+", which the one before it doesn't")
		}
	}
	switch {
	case one.MayWrite && !before.MayWrite:
		return badDelegation(one, "it gives the right to write, which its issuer wasn't given")
	case one.MayRead && !before.MayRead:
		return badDelegation(one, "it gives the right to read, which its issuer wasn't given")
	case one.NotBeforeUnixMs < before.NotBeforeUnixMs || one.ExpiresUnixMs > before.ExpiresUnixMs:
		return badDelegation(one, "it counts for longer than the one before it")
	}
	return nil
}

// VerifyPath verifies the signatures of a path, one delegation after the other, so that what a stranger makes up costs one of them. issuer is
// the key of the first one's. The error is DELEGATION_INVALID.
func VerifyPath(path []*event.Delegation, issuer *keys.Public) error {
	by := issuer
	for _, one := range path {
		if !one.Signature.By(by, crypt.ContextDelegation, one.Header) {
			return badDelegation(one, "the signature of the key "+by.String()+" over it does not verify")
		}
		if !one.Possession.By(one.Subject, crypt.ContextDelegationPossession, one.Header) {
			return badDelegation(one, "the signature of the key "+one.Subject.String()+" over it does not verify")
		}
		by = one.Subject
	}
	return nil
}

// checkScopeOfPath refuses a path that doesn't count in a chain. The error is DELEGATION_OUT_OF_SCOPE.
func checkScopeOfPath(path []*event.Delegation, chainKey string) error {
	for _, one := range path {
		if event.ScopeCovers(one.Chains, chainKey) {
			continue
		}
		return aboutDelegation(fault.New(fault.DelegationOutOfScope, "the delegation %x counts in %s, and not in %s. Ask its issuer, %s, for another",
			one.Serial, strings.Join(one.Chains, ", "), chainKey, one.Issuer), one).With("chains", strings.Join(one.Chains, ","))
	}
	return nil
}

// checkShownPath checks that the delegations that a seal shows are one path, and of its signers: to one of them, or by one, who may so end
// what is not known yet. So nobody makes a chain know any number of them. The error is DELEGATION_INVALID or BATCH_INVALID.
func checkShownPath(batch *event.Batch, signers []keys.Fingerprint) error {
	path, err := batch.Delegations()
	if err != nil {
		return err
	}
	if err := CheckPath(path); err != nil {
		return err
	}
	last := path[len(path)-1].Subject.Fingerprint()
	isOfSigners := contains(signers, last) ||
		slices.ContainsFunc(path, func(one *event.Delegation) bool { return contains(signers, one.Issuer) })
	if isOfSigners {
		return nil
	}
	return badBatch("its seal shows a delegation to " + last.String() + ", which is not one of its signers', nor is it by one")
}

// issuerOfShown finds the key that the delegations which a batch shows begin with; nil where it shows none. The error is KEY_UNKNOWN.
func issuerOfShown(batch *event.Batch, known *ring) (*keys.Public, error) {
	path, err := batch.Delegations()
	if err != nil || len(path) == 0 {
		return nil, err
	}
	name := path[0].Issuer
	if key := known.keys[name]; key != nil {
		return key, nil
	}
	shown, err := batch.SealKeys()
	if err != nil {
		return nil, err
	}
	for _, key := range shown {
		if key.Fingerprint() == name {
			return key, nil
		}
	}
	return nil, fault.New(fault.KeyUnknown, "the chain doesn't know the public key %s, whose delegation is shown. Show it, too", name).With("fingerprint", name.String())
}

func aboutDelegation(err *fault.Error, one *event.Delegation) *fault.Error {
	return err.With("serial", hex.EncodeToString(one.Serial)).With("issuer", one.Issuer.String()).With("fingerprint", one.Subject.String())
}

func badDelegation(one *event.Delegation, why string) error {
	return aboutDelegation(fault.New(fault.DelegationInvalid, "the delegation %x, to the key %s, is not valid: %s", one.Serial, one.Subject, why), one)
}
