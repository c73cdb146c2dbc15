package atedb

import (
	"bytes"
	"slices"

	"atedb.example/go/event"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/keys"
)

const (
	// wrapsMax are wrapped keys that are kept as counting, and as many to be tried.
	wrapsMax = 16_384
	// wrapsOfOneMax are of one read key for one reader: whoever may write anything may hand out something that isn't the key.
	wrapsOfOneMax = 8
	// begunMax are read keys that are known to have begun, beside those that rules name.
	begunMax = 65_536
	// openedMax are read keys that are kept open.
	openedMax = 16_384
)

// A wrap is a read key that was handed out, with who has done so: the key that sealed the batch.
type wrap struct {
	event.WrappedKey
	giver keys.Fingerprint
	// failed: it was tried, and isn't what it says. What is sealed never changes, so that it isn't tried again.
	failed bool
	order  uint64
}

type wrapName struct {
	readKey event.Hash
	reader  keys.Fingerprint
}

// wrappedKeys are read keys that a chain has handed out, each sealed for one reader.
//
// Anyone who may write anything to the chain can write one for anybody, and say any read key of it. So only those count that are from one
// who was given the read key: by the event that named it first, which nobody could know before, or by one of these. That a read key has
// begun is therefore kept longer than what was said of it, or whoever has pushed that out could name it first once more. Where there are
// too many, whoever has said the most loses his oldest, so that a hostile writer pushes out his own. docs/trust.md, "Who was given a read
// key".
type wrappedKeys struct {
	counting, tried map[wrapName][]*wrap
	counts          int
	tries           int
	order           uint64
	// begun says who has begun which read key, and when.
	begun map[event.Hash]begun
	// readers of a read key.
	readers map[event.Hash][]keys.Fingerprint
	named   func() map[event.Hash]bool
	// made here, and opened since they were handed out.
	made, opened map[event.Hash][]byte
}

type begun struct {
	giver keys.Fingerprint
	order uint64
}

func newWrappedKeys(named func() map[event.Hash]bool) *wrappedKeys {
	return &wrappedKeys{counting: map[wrapName][]*wrap{}, tried: map[wrapName][]*wrap{}, begun: map[event.Hash]begun{},
		readers: map[event.Hash][]keys.Fingerprint{}, named: named, made: map[event.Hash][]byte{}, opened: map[event.Hash][]byte{}}
}

// know a read key that was made here.
func (w *wrappedKeys) know(readKey []byte) { w.made[event.ReadKeyID(readKey)] = readKey }

func (w *wrappedKeys) hasBegun(id event.Hash) bool {
	_, isBegun := w.begun[id]
	return isBegun || len(w.readers[id]) > 0
}

// add keeps those of an event, in the order of the chain from its first event on, that count. They are from the key that sealed the batch,
// and those that sign with it.
func (w *wrappedKeys) add(all []event.WrappedKey, writer keys.Fingerprint, signWith []keys.Fingerprint) {
	isFirst := map[event.Hash]bool{}
	for _, one := range all {
		isFirst[one.ReadKeyID] = isFirst[one.ReadKeyID] || !w.hasBegun(one.ReadKeyID)
	}
	givers := append([]keys.Fingerprint{writer}, signWith...)
	var counting []event.WrappedKey
	for _, one := range all {
		isGiven := slices.ContainsFunc(givers, func(giver keys.Fingerprint) bool { return len(w.counting[wrapName{one.ReadKeyID, giver}]) > 0 })
		if isFirst[one.ReadKeyID] || isGiven {
			counting = append(counting, one)
		}
	}
	for _, one := range counting {
		w.begin(one.ReadKeyID, writer)
		if w.keep(w.counting, &w.counts, one, writer) && !slices.Contains(w.readers[one.ReadKeyID], one.Recipient) {
			w.readers[one.ReadKeyID] = append(w.readers[one.ReadKeyID], one.Recipient)
		}
	}
}

// try keeps those of an event that was met out of order: good for nothing but to be tried.
func (w *wrappedKeys) try(all []event.WrappedKey, writer keys.Fingerprint) {
	for _, one := range all {
		w.keep(w.tried, &w.tries, one, writer)
	}
}

func (w *wrappedKeys) begin(id event.Hash, giver keys.Fingerprint) {
	if _, isBegun := w.begun[id]; isBegun {
		return
	}
	w.order++
	w.begun[id] = begun{giver, w.order}
	named := map[event.Hash]bool{}
	if len(w.begun) > begunMax {
		named = w.named()
	}
	// An eighth at once, so that choosing costs little for each.
	if len(w.begun) > begunMax+len(named) {
		var others []entry[event.Hash]
		for id, is := range w.begun {
			if !named[id] {
				others = append(others, entry[event.Hash]{id, is.giver, is.order})
			}
		}
		for _, id := range fairCut(others, begunMax-begunMax/8) {
			delete(w.begun, id)
		}
	}
}

// keep one beside the others. Copied: it lies in a whole slice.
func (w *wrappedKeys) keep(in map[wrapName][]*wrap, count *int, one event.WrappedKey, giver keys.Fingerprint) bool {
	name := wrapName{one.ReadKeyID, one.Recipient}
	before := in[name]
	if slices.ContainsFunc(before, func(is *wrap) bool { return bytes.Equal(is.Wrapped, one.Wrapped) }) {
		return true
	}
	if len(before) == wrapsOfOneMax {
		// Of too many the first stays, which is nearly always the right one, and the newest.
		before = slices.Delete(before, 1, 2)
		*count--
	}
	w.order++
	one.Wrapped = bytes.Clone(one.Wrapped)
	in[name] = append(before, &wrap{WrappedKey: one, giver: giver, order: w.order})
	*count++
	if *count > wrapsMax {
		w.cut(in, count)
	}
	return len(in[name]) > 0
}

func (w *wrappedKeys) cut(in map[wrapName][]*wrap, count *int) {
	var all []entry[*wrap]
	for _, of := range in {
		for _, one := range of {
			all = append(all, entry[*wrap]{one, one.giver, one.order})
		}
	}
	for _, gone := range fairCut(all, wrapsMax-wrapsMax/8) {
		name := wrapName{gone.ReadKeyID, gone.Recipient}
		in[name] = slices.DeleteFunc(in[name], func(is *wrap) bool { return is == gone })
		*count--
		if len(in[name]) > 0 {
			continue
		}
		delete(in, name)
		if len(w.counting[name]) > 0 {
			continue
		}
		readers := slices.DeleteFunc(w.readers[gone.ReadKeyID], func(is keys.Fingerprint) bool { return is == gone.Recipient })
		if w.readers[gone.ReadKeyID] = readers; len(readers) == 0 {
			delete(w.readers, gone.ReadKeyID)
		}
	}
}

// open a read key that was sealed for one of some keys, or that was made here; nil where none was, or what was handed out isn't that key.
func (w *wrappedKeys) open(id, chainID event.Hash, pairs []*keys.Pair) []byte {
	if readKey := w.made[id]; readKey != nil {
		return readKey
	}
	if readKey := w.opened[id]; readKey != nil {
		return readKey
	}
	for _, pair := range pairs {
		if readKey := w.openWith(id, chainID, pair); readKey != nil {
			return readKey
		}
	}
	return nil
}

func (w *wrappedKeys) openWith(id, chainID event.Hash, pair *keys.Pair) []byte {
	reader := pair.Public().Fingerprint()
	name := wrapName{id, reader}
	for _, one := range slices.Concat(w.counting[name], w.tried[name]) {
		if one.failed {
			continue
		}
		readKey, ok := pair.Open(crypt.InfoWrappedKey, wrapAAD(chainID, id, reader), one.Wrapped)
		// Whoever handed it out may have handed out another: the id says which it is.
		if ok && len(readKey) == crypt.ReadKeyBytes && event.ReadKeyID(readKey) == id {
			if len(w.opened) >= openedMax {
				clear(w.opened)
			}
			w.opened[id] = readKey
			return readKey
		}
		one.failed = true
	}
	return nil
}

// wrapAAD is what a wrapped key is bound to: chain, read key and reader; each part has 32 bytes.
func wrapAAD(chainID, readKeyID event.Hash, reader keys.Fingerprint) []byte {
	return slices.Concat(chainID[:], readKeyID[:], reader[:])
}

// holders are those who were given a read key.
func (v *verifiedRules) holders(id event.Hash) []keys.Fingerprint {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	return slices.Clone(v.wrapped.readers[id])
}

type entry[V any] struct {
	value V
	by    keys.Fingerprint
	order uint64
}

// fairCut chooses what to forget of what several have said, where it is too much: whoever has said the most loses his oldest, until no more
// than so many are left. So nobody pushes out what others have said before he has pushed out as much of his own.
func fairCut[V any](all []entry[V], keep int) []V {
	slices.SortFunc(all, func(a, b entry[V]) int { return int(int64(a.order) - int64(b.order)) })
	shares := map[keys.Fingerprint][]V{}
	for _, one := range all {
		shares[one.by] = append(shares[one.by], one.value)
	}
	var counts []int
	for _, share := range shares {
		counts = append(counts, len(share))
	}
	slices.Sort(counts)
	// The largest number of which each may keep as many.
	share, left := len(all), keep
	for i, count := range counts {
		if others := len(counts) - i; count*others > left {
			share = left / others
			break
		}
		left -= count
	}
	var gone []V
	for _, own := range shares {
		gone = append(gone, own[:max(0, len(own)-share)]...)
	}
	return gone
}
