package trust

import (
	"bytes"
	"slices"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/keys"
)

// CheckBatch checks what a batch that is appended says about itself: counts, ids, hashes, the Merkle root, which keys signed. Whether the
// signatures verify and whether a chain takes the batch is not checked. It returns the genesis, where the batch is one. The error is
// BATCH_INVALID, HASH_MISMATCH, GENESIS_INVALID, CHAIN_KEY_INVALID, SIGNATURE_INVALID, DELEGATION_INVALID or UNSUPPORTED.
func CheckBatch(batch *event.Batch) (*event.Genesis, error) { return checkBatch(batch, appended) }

// CheckStored is CheckBatch of one as a server keeps it or has sent it, which may have left out data since: also of which events it may be
// gone, as far as they show that by themselves.
func CheckStored(batch *event.Batch) (*event.Genesis, error) { return checkBatch(batch, stored) }

// CheckTrimmed is CheckStored of one as a server has sent it to who has asked for data to be left out; see CheckOmitted.
func CheckTrimmed(batch *event.Batch) (*event.Genesis, error) { return checkBatch(batch, trimmed) }

// A provenance says how a batch comes.
type provenance uint8

const (
	// appended: as its writer sent it.
	appended provenance = iota
	// stored: as a server keeps it or has sent it.
	stored
	// trimmed: as a server has sent it to somebody who has asked for data to be left out.
	trimmed
)

func checkBatch(batch *event.Batch, from provenance) (*event.Genesis, error) {
	genesis, err := checkContents(batch, from)
	if err != nil {
		return nil, err
	}
	return genesis, checkHashes(batch)
}

func checkContents(batch *event.Batch, from provenance) (*event.Genesis, error) {
	seal := batch.Seal
	if int(seal.EventCount) != len(batch.Events) {
		return nil, badBatch("its seal counts another number of events than it has")
	}
	if seal.ID() != seal.WriterID {
		return nil, badBatch("its writer id is not the hash of chain id, fingerprint and salt")
	}
	if batch.IsGenesis() {
		return checkGenesis(batch)
	}
	for i := range batch.Events {
		if err := checkEvent(batch, i, from); err != nil {
			return nil, err
		}
	}
	// Whether it may have none is for vouchedBy to say.
	if len(seal.Signatures) > 0 {
		if err := checkSigners(batch); err != nil {
			return nil, err
		}
	}
	if err := checkShown(batch); err != nil || len(seal.Delegations) == 0 {
		return nil, err
	}
	signers, err := signersOf(batch)
	if err != nil {
		return nil, err
	}
	return nil, checkShownPath(batch, signers)
}

// checkSigners: a batch is signed by those that it is from, and by no others.
func checkSigners(batch *event.Batch) error {
	signers, err := signersOf(batch)
	if err != nil {
		return err
	}
	if signed := signedBy(batch.Seal); !slices.Equal(signed, signers) {
		return fault.New(fault.SignatureInvalid, "the batch is to be signed by %s and no others, in this order, and is signed by %s", joined(signers), joined(signed))
	}
	return nil
}

func signedBy(seal *event.Seal) []keys.Fingerprint {
	signed := make([]keys.Fingerprint, len(seal.Signatures))
	for i, signature := range seal.Signatures {
		signed[i] = signature.Fingerprint
	}
	return signed
}

// checkShown: a seal shows keys of its signers and of who has delegated to them, and no others, so that it can't be used to make a chain know any number of keys.
func checkShown(batch *event.Batch) error {
	if len(batch.Seal.PublicKeys) == 0 {
		return nil
	}
	signers, err := signersOf(batch)
	if err != nil {
		return err
	}
	shown, err := batch.SealKeys()
	if err != nil {
		return err
	}
	path, err := batch.Delegations()
	if err != nil {
		return err
	}
	var last keys.Fingerprint
	for i, key := range shown {
		name := key.Fingerprint()
		if !contains(signers, name) && !(len(path) > 0 && path[0].Issuer == name) {
			return badBatch("its seal shows the key " + name.String() + ", which is not one of its signers', nor of who has delegated to them")
		}
		if i > 0 && bytes.Compare(name[:], last[:]) <= 0 {
			return badBatch("its seal shows keys in another order, or twice")
		}
		last = name
	}
	return nil
}

func checkGenesis(batch *event.Batch) (*event.Genesis, error) {
	seal, of := batch.Seal, &batch.Events[0]
	if len(batch.Events) != 1 {
		return nil, badBatch("a genesis is alone in its batch")
	}
	if len(seal.PublicKeys) > 0 {
		return nil, badGenesis("its seal shows keys, which the genesis names already")
	}
	if len(seal.Delegations) > 0 {
		return nil, badGenesis("its seal shows delegations, and no rules are there yet")
	}
	if len(of.Data) > 0 || of.Salt != nil || of.DataState != event.Present {
		return nil, badGenesis("a genesis has no data")
	}
	if seal.Counter != 0 || seal.AsOf.Size != 0 || len(seal.Conditions) > 0 {
		return nil, badGenesis("nothing comes before a genesis, and its seal says so")
	}
	genesis, err := event.ParseGenesis(of.Header)
	if err != nil {
		return nil, err
	}
	if genesis.ChainID != seal.ChainID {
		return nil, badGenesis("its seal names another chain than the genesis makes")
	}
	var roots []keys.Fingerprint
	for _, root := range genesis.Roots {
		roots = append(roots, root.Fingerprint())
	}
	if pinned := genesis.ChainKey.RootsFingerprint; pinned != "" && event.Base32(event.RootsFingerprint(roots)) != pinned {
		return nil, badGenesis("its roots are not those that its chain key names")
	}
	// They are sorted by fingerprint, and so are signatures.
	due := names(genesisSigners(genesis))
	if !slices.Equal(signedBy(seal), due) {
		return nil, fault.New(fault.SignatureInvalid, "a genesis is signed by each of its roots, or where an auth service names them by the server alone, and by no others")
	}
	if !contains(due, seal.Fingerprint) {
		return nil, badGenesis("its writer is not one of its roots, or not its server")
	}
	return genesis, nil
}

// A Voucher says who vouches for a batch.
type Voucher uint8

const (
	// ByWriter: by a signature.
	ByWriter Voucher = iota + 1
	// ByServer: only the server, which had the key proven to it.
	ByServer
)

// String is the voucher's name.
func (v Voucher) String() string {
	if v == ByServer {
		return "server"
	}
	return "writer"
}

// vouchedBy decides who vouches for a batch. All kinds but data carry authority or keys: a server must never be able to make itself a
// reader or a writer. A tombstone does too: the rules of what it removes are gone with it. The error is SIGNATURE_INVALID where the
// batch has no signature and must have one.
func vouchedBy(batch *event.Batch, mode event.TrustMode) (Voucher, error) {
	if len(batch.Seal.Signatures) > 0 {
		return ByWriter, nil
	}
	if mode == event.Distributed {
		return 0, fault.New(fault.SignatureInvalid, "the batch has no signature: a distributed chain's batches are signed, each of them")
	}
	if len(batch.Seal.Delegations) > 0 {
		return 0, fault.New(fault.SignatureInvalid, "the batch has no signature: its seal shows delegations")
	}
	for i := range batch.Events {
		// Of what is gone a snapshot says, which is signed, that it doesn't matter.
		if of := &batch.Events[i]; of.Kind != event.KindGone && of.Kind != event.KindData || of.HasAuthority {
			return 0, fault.New(fault.SignatureInvalid, "the batch has no signature: event %d is of kind %q, or carries rules or keys, and batches of these are signed in every chain", i, of.Kind)
		}
	}
	return ByServer, nil
}

// VerifyGenesis verifies the batch that begins a chain: everything that it says of itself, and the signature of every root, or where an auth
// service names the roots that of the server, and the service's. run is the genesis event, then its seal. The error is GENESIS_INVALID,
// SIGNATURE_INVALID, and as ParseBatch and CheckBatch.
func VerifyGenesis(run []byte) (*event.Genesis, *event.Batch, error) {
	batch, err := event.ParseBatch(run)
	if err != nil {
		return nil, nil, err
	}
	genesis, err := CheckBatch(batch)
	if err != nil {
		return nil, nil, err
	}
	if genesis == nil {
		return nil, nil, badGenesis("the first batch of a chain is its genesis, and this is not one")
	}
	if err := batch.Seal.Verify(tableOf(genesisSigners(genesis))); err != nil {
		return nil, nil, err
	}
	return genesis, batch, verifyHeld(batch, genesis)
}

func tableOf(all []*keys.Public) map[keys.Fingerprint]*keys.Public {
	table := make(map[keys.Fingerprint]*keys.Public, len(all))
	for _, one := range all {
		table[one.Fingerprint()] = one
	}
	return table
}

func badBatch(why string) error {
	return fault.New(fault.BatchInvalid, "the batch is not valid: %s", why)
}

func badGenesis(why string) error {
	return fault.New(fault.GenesisInvalid, "%s", why)
}
