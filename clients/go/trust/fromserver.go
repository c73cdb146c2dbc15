package trust

import (
	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/keys"
)

// isServersKind reports whether events of a kind are added by the server that keeps a chain, in batches of its own, and by nobody else.
func isServersKind(kind event.Kind) bool {
	return kind == event.KindAuthAnswer || kind == event.KindServerIdentity
}

// isFromServer reports whether a batch holds what servers add. The checks of a batch see to it that it then holds nothing else.
func isFromServer(batch *event.Batch) bool { return isServersKind(batch.Events[0].Kind) }

// genesisSigners are the keys that sign the genesis of a chain: its roots, or where an auth service names them the server alone.
func genesisSigners(genesis *event.Genesis) []*keys.Public {
	if genesis.Answer == nil || genesis.ServerIdentity == nil {
		return genesis.Roots
	}
	return []*keys.Public{genesis.ServerIdentity}
}

// serverOf is the identity of the server that a batch of its own is from: the one that it had (nil: it isn't known), or the one that the
// rotations in the batch lead to. The error is KEY_NOT_ALLOWED where the batch is from another key.
func serverOf(batch *event.Batch, identity *keys.Public) (*keys.Public, error) {
	server := identity
	for i := range batch.Events {
		if batch.Events[i].Kind != event.KindServerIdentity {
			continue
		}
		rotation, err := batch.Rotation(i)
		if err != nil {
			return nil, err
		}
		if server != nil && server.Fingerprint() == rotation.Old.Fingerprint() {
			server = rotation.New
		}
	}
	if server != nil && server.Fingerprint() == batch.Seal.Fingerprint {
		return server, nil
	}
	return nil, fault.New(fault.KeyNotAllowed, "only the server that keeps the chain adds answers of auth services and identities, and the batch is from the key %s", batch.Seal.Fingerprint).
		With("fingerprint", batch.Seal.Fingerprint.String()).With("rule", "server")
}

// claimedServer is the same, where it isn't known what came before: the key that the genesis names, or the one that the batch shows or leads
// to. Whether that is the server's is not checked. The error is KEY_UNKNOWN.
func claimedServer(batch *event.Batch, genesis *event.Genesis) (*keys.Public, error) {
	name := batch.Seal.Fingerprint
	if named := genesis.ServerIdentity; named != nil && named.Fingerprint() == name {
		return named, nil
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
	for i := len(batch.Events) - 1; i >= 0; i-- {
		if batch.Events[i].Kind != event.KindServerIdentity {
			continue
		}
		rotation, err := batch.Rotation(i)
		if err != nil {
			return nil, err
		}
		if rotation.New.Fingerprint() == name {
			return rotation.New, nil
		}
	}
	return nil, unknownKey(name)
}

// verifyHeld verifies what others have signed within the events of a batch: answers of auth services, and rotations of identities. genesis is
// what the batch says of the chain, where it is one. The error is SIGNATURE_INVALID.
func verifyHeld(batch *event.Batch, genesis *event.Genesis) error {
	if batch.IsGenesis() {
		if genesis == nil || genesis.Answer == nil {
			return nil
		}
		return genesis.Answer.Verify()
	}
	if !isFromServer(batch) {
		return nil
	}
	for i := range batch.Events {
		var err error
		if batch.Events[i].Kind == event.KindAuthAnswer {
			var answer *event.AuthAnswer
			if answer, err = batch.Answer(i); err == nil {
				err = answer.Verify()
			}
		} else {
			var rotation *event.Rotation
			if rotation, err = batch.Rotation(i); err == nil {
				err = rotation.Verify()
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
