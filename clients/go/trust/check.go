package trust

import (
	"bytes"
	"slices"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
)

// CheckBatch checks what a batch says about itself: counts, ids, hashes, the Merkle root, which keys signed. Whether the signatures verify
// and whether a chain takes the batch is not checked. It returns the genesis, where the batch is one. The error is BATCH_INVALID,
// HASH_MISMATCH, GENESIS_INVALID, CHAIN_KEY_INVALID, SIGNATURE_INVALID or UNSUPPORTED.
func CheckBatch(batch *event.Batch) (*event.Genesis, error) {
	genesis, err := checkContents(batch)
	if err != nil {
		return nil, err
	}
	return genesis, checkHashes(batch)
}

func checkContents(batch *event.Batch) (*event.Genesis, error) {
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
		if err := checkEvent(batch, i); err != nil {
			return nil, err
		}
	}
	// Whether it may have none is for vouchedBy to say.
	if len(seal.Signatures) > 0 {
		if err := checkSigners(batch); err != nil {
			return nil, err
		}
	}
	return nil, checkShown(batch)
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

// checkShown: a seal shows keys of its signers and no others, so that it can't be used to make a chain know any number of keys.
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
	var last keys.Fingerprint
	for i, key := range shown {
		name := key.Fingerprint()
		if !contains(signers, name) {
			return badBatch("its seal shows the key " + name.String() + ", which is not one of its signers'")
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
	if len(of.Data) > 0 || of.Salt != nil || of.DataState != 0 {
		return nil, badGenesis("a genesis has no data")
	}
	if seal.Counter != 0 || seal.AsOf.Size != 0 || len(seal.Conditions) > 0 {
		return nil, badGenesis("nothing comes before a genesis, and its seal says so")
	}
	genesis, err := event.ParseGenesis(of.Header)
	if err != nil {
		return nil, err
	}
	if genesis.HasAuthService {
		return nil, fault.New(fault.Unsupported, "an auth service says who owns the chain %s, which this client can't verify yet: use the atedb command or the TypeScript client; chains that a server makes with --no-auth, and distributed ones, it can", genesis.ChainKey)
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
	// The roots are sorted by fingerprint, and so are signatures.
	if !slices.Equal(signedBy(seal), roots) {
		return nil, fault.New(fault.SignatureInvalid, "a genesis is signed by each of its roots, no others")
	}
	if !contains(roots, seal.Fingerprint) {
		return nil, badGenesis("its writer is not one of its roots")
	}
	return genesis, nil
}

// sealedBytesMin: sealed data holds the delimiter of its padding, and the tag of the seal.
const sealedBytesMin = 17

func checkEvent(batch *event.Batch, index int) error {
	of := &batch.Events[index]
	refuse := func(why string) error { return eventFault(fault.BatchInvalid, index, "%s", why) }
	switch of.Kind {
	case event.KindGenesis:
		return refuse("a genesis is alone in its batch")
	case event.KindData, event.KindTombstone, event.KindRules, event.KindRoots, event.KindKeyChange:
	default:
		return eventFault(fault.Unsupported, index, "events of kind %q are not carried out by this version", of.Kind)
	}
	switch {
	case of.IsGenesis:
		return refuse("only a genesis says what the chain is")
	case of.PrimaryKey == nil && of.Kind.WritesObject():
		return refuse("it has no primary key")
	case of.DataState != 0:
		return refuse("only a server may say that data is not here")
	case of.Sealed && of.Salt != nil:
		return refuse("sealed data has no salt")
	case !of.Sealed && of.Salt == nil:
		return refuse("its salt is missing")
	case of.DataBytes != uint64(len(of.Data)):
		return refuse("its header counts another number of bytes of data than it has")
	case of.Kind != event.KindData && (len(of.Data) > 0 || of.Sealed):
		return refuse("only an event of kind \"data\" has data")
	case of.Sealed && len(of.Data) < sealedBytesMin:
		return refuse("its data is not sealed")
	case of.Kind != event.KindData || of.SaysMore():
		return checkSaid(batch, index)
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
		{of.PrimaryKey != nil && (of.Kind == event.KindRoots || of.Kind == event.KindKeyChange), "it names an object, and may not"},
		{(said.Roots != nil) != (of.Kind == event.KindRoots), "a change of roots says which, and no other event does"},
		{(said.KeyChange != nil) != (of.Kind == event.KindKeyChange), "a change of a key says which, and no other event does"},
		{of.Kind == event.KindRules && !of.HasAuthority, "an event of rules sets some"},
		{said.Label != nil && of.PrimaryKey != nil && !bytes.Equal(event.KeyOfChild(of.Parent, said.Label), of.PrimaryKey),
			"its primary key is not made from its parent and its label"},
	} {
		if one.isSaid {
			return eventFault(fault.BatchInvalid, index, "%s", one.why)
		}
	}
	return nil
}

// checkHashes checks that the data of each event hashes to what its header says, and the headers to the root that the seal names.
func checkHashes(batch *event.Batch) error {
	var headers merkle.Frontier
	for i := range batch.Events {
		of := &batch.Events[i]
		headers.Append(merkle.LeafHash(of.Header))
		if batch.IsGenesis() {
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
	for i := range batch.Events {
		if of := &batch.Events[i]; of.Kind != event.KindData || of.HasAuthority {
			return 0, fault.New(fault.SignatureInvalid, "the batch has no signature: event %d is of kind %q, or carries rules or keys, and batches of these are signed in every chain", i, of.Kind)
		}
	}
	return ByServer, nil
}

// VerifyGenesis verifies the batch that begins a chain: everything that it says of itself, and the signature of every root. run is the
// genesis event, then its seal. The error is GENESIS_INVALID, SIGNATURE_INVALID, and as ParseBatch and CheckBatch.
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
	return genesis, batch, batch.Seal.Verify(rootKeys(genesis))
}

func rootKeys(genesis *event.Genesis) map[keys.Fingerprint]*keys.Public {
	table := map[keys.Fingerprint]*keys.Public{}
	for _, root := range genesis.Roots {
		table[root.Fingerprint()] = root
	}
	return table
}

func badBatch(why string) error {
	return fault.New(fault.BatchInvalid, "the batch is not valid: %s", why)
}

func badGenesis(why string) error {
	return fault.New(fault.GenesisInvalid, "%s", why)
}
