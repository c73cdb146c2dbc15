package trust

import (
	"bytes"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
)

// A Verified batch of a replay, with its commit.
type Verified struct {
	Batch  *event.Batch
	Commit *event.Commit
	// VouchedBy says whether its writer's own signature is on it, or the server of a centralized chain alone says that it is its.
	VouchedBy Voucher
	// Gap is what is gone of it, or before it; nil: nothing is.
	Gap *event.Gap
}

// A WriterPlace is where a writer's chain of seals stands.
type WriterPlace struct {
	NextCounter uint64
	LastSeal    event.Hash
	// AsOf is the head that its last seal names; size 0: none.
	AsOf merkle.Head
}

// Rules are who may do what from a commit of a chain on, as they were verified.
type Rules struct {
	// Head of the tree there.
	Head merkle.Head
	// Authority there; a replay that begins with it copies it.
	Authority *Authority
	// Writers are all that have written before.
	Writers map[event.Hash]WriterPlace
	// Retained is what rules for retention have let go up to there.
	Retained Floor
	// MissingBelow is as Replay.MissingBelow was there.
	MissingBelow uint64
}

// A Start says where a replay starts. The zero value is the chain's first batch.
type Start struct {
	// Commit and Sequence are those of the first batch.
	Commit, Sequence uint64
	// Frontier of the tree of the commits before.
	Frontier [][]byte
	// Rules from a commit on, there or still to come; nil: until the end it isn't known who may do what.
	Rules *Rules
	// FindKey finds a public key of the chain; asked where it isn't known who may do what. nil: none is found.
	FindKey func(keys.Fingerprint) (*keys.Public, error)
	// ProveExtends proves that a tree extends another one, or fails: asked where the commit from which on Rules count is gone. nil: then it stays
	// unknown who may do what.
	ProveExtends func(older, newer merkle.Head) error
	// AllSignatures: each signature is verified, and not only the last one of each writer in a slice, which covers those before.
	AllSignatures bool
	// DataUpTo: data of more bytes, as it is stored, was asked to be left out; nil: none was.
	DataUpTo *uint64
}

// A Replay verifies a replay by itself, trusting nobody: the strict form, hashes, the chain of seals, counters, signatures, conditions,
// rules, sequences, times and the tree. Whoever reads feeds it slices in order. Its memory is bounded by what the chain has to say of
// writers, keys and rules, and not by its length.
//
// A replay that starts in the middle, and isn't told of what came before, takes each writer's first batch there as it comes; the tree
// ties it to the history before. Whether the start belongs to the chain is the caller's to check, by a consistency proof.
type Replay struct {
	genesis *event.Genesis
	start   Start
	// authority is nil where who may do what isn't known, and isn't checked.
	authority *Authority
	// known are the keys that signatures are verified with.
	known *ring
	// knowsWriters: they are all that there are, and another one is new.
	knowsWriters bool
	writers      map[event.Hash]WriterPlace
	latest       latestWriters
	objects      recentObjects
	roots        recentRoots
	// owed is what is still to come, since data is gone.
	owed         *Owed
	retained     Floor
	nextSequence uint64
	timeUnixMs   int64
}

// NewReplay begins a replay of the chain of a genesis. The error is NON_CANONICAL, where the frontier is none.
func NewReplay(genesis *event.Genesis, start Start) (*Replay, error) {
	frontier, err := merkle.NewFrontier(start.Commit, start.Frontier)
	if err != nil {
		return nil, err
	}
	replay := &Replay{genesis: genesis, start: start, knowsWriters: start.Commit == 0, writers: map[event.Hash]WriterPlace{},
		roots: recentRoots{frontier: frontier}, owed: newOwed(), nextSequence: start.Sequence}
	replay.owed.forgotten.begin = start.Sequence
	authority := NewAuthority(genesis)
	replay.known = authority.ring
	if start.Commit == 0 {
		replay.authority = authority
	}
	return replay, nil
}

// NextCommit is the number of the commit that comes next.
func (r *Replay) NextCommit() uint64 { return r.roots.frontier.Size() }

// NextSequence is the sequence of the event that comes next.
func (r *Replay) NextSequence() uint64 { return r.nextSequence }

// Head of all that was verified.
func (r *Replay) Head() merkle.Head { return r.roots.frontier.Head() }

// Frontier of the tree of all that was verified.
func (r *Replay) Frontier() [][]byte { return r.roots.frontier.Hashes() }

// RootAt is the root that the tree had at a size; false for one before the start, or too long ago.
func (r *Replay) RootAt(size uint64) (merkle.Hash, bool) { return r.roots.rootAt(size) }

// Authority is who may do what after all that was verified; nil where that isn't known. It changes as the replay goes on.
func (r *Replay) Authority() *Authority { return r.authority }

// Writers are all writers so far, where it is known who may do what. They change as the replay goes on.
func (r *Replay) Writers() map[event.Hash]WriterPlace { return r.writers }

// MissingBelow is the size, in commits, below which batches of writers may be missing, by the snapshot whose commits are being read; 0: by none.
func (r *Replay) MissingBelow() uint64 { return r.owed.forgotten.missingBelow() }

// Retained is what the chain's rules for retention have let go so far, where it is known who may do what.
func (r *Replay) Retained() Floor { return r.retained }

// Owed is what is still to come, since data is gone. Who comes to the head with something left was lied to: Settle.
func (r *Replay) Owed() *Owed { return r.owed }

// Verify the next slice: whole batches with their commits, oldest first. Nothing is returned of a slice that doesn't verify as a whole.
// The error is VERIFICATION_FAILED, and says which commit and what is wrong with it, or which sequence where data is gone that nothing allows
// to, or UNSUPPORTED; the replay is over then. What asking for a key fails with leaves it as it was: the same slice may be verified again.
func (r *Replay) Verify(slice []byte) ([]Verified, error) {
	stored, err := event.SplitSlice(slice)
	if found := fault.Of(err); found != nil && found.Reason == fault.Unsupported {
		return nil, err
	}
	if err != nil {
		return nil, fault.New(fault.VerificationFailed, "a slice of the log is not valid: %s. Nothing of it was used", fault.Text(err)).From(err)
	}
	return r.VerifyBatches(stored)
}

// VerifyBatches is Verify of a slice that was split before.
func (r *Replay) VerifyBatches(stored []event.Stored) ([]Verified, error) {
	checked := make([]*event.Batch, len(stored))
	for i, one := range stored {
		batch, err := r.check(one)
		if err != nil {
			return nil, violated(one.Commit.Number, err)
		}
		checked[i] = batch
	}
	// All of them before anything changes, since the server may be lost meanwhile.
	for i, one := range stored {
		if rules := r.start.Rules; r.authority != nil || rules != nil && one.Commit.Number >= rules.Head.Size {
			break
		}
		if err := r.learnStrangers(checked[i], one.Commit.Number); err != nil {
			return nil, err
		}
	}
	verified := make([]Verified, 0, len(stored))
	// A writer's signature covers all its batches before, through the chain of seals: its last one here is enough.
	lastSigned := map[event.Hash]func() error{}
	for i, one := range stored {
		number := one.Commit.Number
		writer := checked[i].Seal.WriterID
		step, check, coversLast, err := r.step(checked[i], one)
		// Where batches of its writer are gone before it, its signature doesn't cover those that came.
		if last := lastSigned[writer]; err == nil && !coversLast && last != nil {
			err = last()
		}
		if err == nil && check != nil {
			// What is said of keys is covered by no seal: each is verified.
			if r.start.AllSignatures || len(step.Batch.Seal.Signatures) > 1 || len(step.Batch.Seal.Delegations) > 0 {
				err = check()
			} else {
				lastSigned[writer] = func() error { return violated(number, check()) }
			}
		}
		if err == nil {
			err = verifyHeld(step.Batch, r.genesis)
		}
		if err != nil {
			return nil, violated(number, err)
		}
		verified = append(verified, step)
	}
	for _, check := range lastSigned {
		if err := check(); err != nil {
			return nil, err
		}
	}
	if err := r.owed.refuseMet(); err != nil {
		return nil, err
	}
	return verified, nil
}

// check what a batch says about itself, and that no data is missing that was not asked to be left out.
func (r *Replay) check(one event.Stored) (*event.Batch, error) {
	batch, err := event.ParseBatch(one.Run)
	if err != nil {
		return nil, err
	}
	if r.start.DataUpTo == nil {
		_, err = CheckStored(batch)
		return batch, err
	}
	if _, err = CheckTrimmed(batch); err == nil {
		err = CheckOmitted(batch, *r.start.DataUpTo)
	}
	return batch, err
}

// step verifies one batch that was checked but for its signatures, which check verifies; nil for none.
// coversLast: its seal names its writer's batch before, so that its signature covers that, too.
func (r *Replay) step(batch *event.Batch, one event.Stored) (step Verified, check func() error, coversLast bool, err error) {
	if err := r.passGap(one.Gap, one.Commit); err != nil {
		return step, nil, false, err
	}
	if err := r.startRules(); err != nil {
		return step, nil, false, err
	}
	voucher, err := vouchedBy(batch, r.genesis.TrustMode)
	if err != nil {
		return step, nil, false, err
	}
	signers, err := r.keysOf(batch)
	if err != nil {
		return step, nil, false, err
	}
	issuer, err := r.issuerOf(batch)
	if err != nil {
		return step, nil, false, err
	}
	if coversLast, err = r.place(batch, one); err != nil {
		return step, nil, false, err
	}
	if len(batch.Seal.Signatures) > 0 {
		check = func() error { return verifyAll(batch, signers, issuer) }
	}
	return Verified{batch, one.Commit, voucher, one.Gap}, check, coversLast, nil
}

// issuerOf is the key that delegations begin with. Where it isn't known who may do what, what was delegated is not looked at either.
func (r *Replay) issuerOf(batch *event.Batch) (*keys.Public, error) {
	if r.authority == nil {
		return nil, nil
	}
	return issuerOfShown(batch, r.known)
}

// verifyAll verifies all that is signed in a batch: the delegations that its seal shows, and its seal. The error is DELEGATION_INVALID or as
// Seal.Verify.
func verifyAll(batch *event.Batch, signers map[keys.Fingerprint]*keys.Public, issuer *keys.Public) error {
	if issuer != nil {
		path, err := batch.Delegations()
		if err != nil {
			return err
		}
		if err := VerifyPath(path, issuer); err != nil {
			return err
		}
	}
	return batch.Seal.Verify(signers)
}

// startRules knows who may do what, where that is known from here on.
func (r *Replay) startRules() error {
	rules := r.start.Rules
	if r.authority != nil || rules == nil || rules.Head.Size != r.NextCommit() {
		return nil
	}
	if !rules.Head.Same(r.Head()) {
		return violation("what comes before it is another history than the one that was verified")
	}
	r.startWith(rules)
	return nil
}

func (r *Replay) startWith(rules *Rules) {
	r.authority = rules.Authority.Clone()
	r.known = r.authority.ring
	// So that a batch of before, sent once more as a new one, is known.
	r.writers = make(map[event.Hash]WriterPlace, len(rules.Writers))
	for id, place := range rules.Writers {
		r.writers[id] = place
	}
	r.knowsWriters = true
	r.retained = rules.Retained
	r.owed.forgotten.wasReading = rules.MissingBelow
}

// place checks what a batch is in this chain, and has the state after it.
func (r *Replay) place(batch *event.Batch, one event.Stored) (coversLast bool, err error) {
	commit, seal := one.Commit, batch.Seal
	if err := r.checkPlace(batch, commit); err != nil {
		return false, err
	}
	if err := r.noteGone(batch, commit, one.Gap); err != nil {
		return false, err
	}
	if coversLast, err = r.follows(seal); err != nil {
		return false, err
	}
	if err := r.checkAsOf(seal); err != nil {
		return false, err
	}
	if r.authority != nil && !batch.IsGenesis() {
		if err := r.authority.checkFresh(batch); err != nil {
			return false, err
		}
	}
	if err := r.checkConditions(seal, commit); err != nil {
		return false, err
	}
	if err := checkRedactions(batch, commit.FirstSequence); err != nil {
		return false, err
	}
	if err := r.decide(batch, commit); err != nil {
		return false, err
	}
	r.roots.append(commit.Leaf())
	if root := r.roots.frontier.Root(); commit.TreeRoot != nil && !bytes.Equal(root[:], commit.TreeRoot) {
		return false, violation("its tree root is another than computed")
	}
	r.writers[seal.WriterID] = WriterPlace{seal.Counter + 1, seal.Hash, seal.AsOf}
	r.nextSequence = commit.FirstSequence + uint64(commit.Events)
	r.objects.add(batch, commit.FirstSequence)
	if err := r.owed.add(batch, commit.FirstSequence, commit.TimeUnixMs); err != nil {
		return false, err
	}
	r.latest.wrote(seal.WriterID, r.nextSequence)
	r.timeUnixMs = commit.TimeUnixMs
	if r.authority != nil {
		r.retained = r.retained.Raised(r.authority.Retention(), r.nextSequence, r.timeUnixMs)
	}
	r.owed.SettleBelow(r.retained)
	r.reached()
	return coversLast, nil
}

func (r *Replay) decide(batch *event.Batch, commit *event.Commit) error {
	switch {
	case r.authority == nil:
		return nil
	case batch.IsGenesis():
		return r.authority.ownership.checkTakes(commit.TimeUnixMs)
	}
	return r.authority.decide(batch, Place{commit.TimeUnixMs, r.genesis.ChainKey.Text, commit.FirstSequence})
}

func (r *Replay) checkPlace(batch *event.Batch, commit *event.Commit) error {
	switch {
	case commit.Number != r.NextCommit():
		return violation("its number is not the one that was due")
	case commit.FirstSequence != r.nextSequence:
		return violation("its first sequence is not the one that was due")
	case commit.Events != batch.Seal.EventCount:
		return violation("its count of events is another than the seal's")
	case commit.TimeUnixMs < r.timeUnixMs:
		return violation("its time is before the last one")
	case commit.SealHash != batch.Seal.Hash:
		return violation("it is of another seal")
	case batch.Seal.ChainID != r.genesis.ChainID:
		return violation("its batch is sealed for another chain")
	case batch.IsGenesis() != (commit.Number == 0):
		return violation("a genesis is the first batch of a chain, and the first only")
	}
	return nil
}
