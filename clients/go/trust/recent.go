package trust

import (
	"atedb.example/go/event"
	"atedb.example/go/merkle"
)

const (
	// leavesKeptMax is of how many sizes the root of the tree can be had: 2 MiB of leaves.
	leavesKeptMax = 65_536
	// chunkLeaves share the frontier before them, so that a root costs at most so many hashed leaves.
	chunkLeaves = 32
	// eventsKeptMin is of how many events at least it is known who wrote their objects.
	eventsKeptMin = 131_072
)

// recentRoots is a growing tree, with the roots that it had at its last sizes: at any of them, not only at those of which somebody said
// the root. What is kept is the leaves, so that a root is made when it is asked for.
type recentRoots struct {
	frontier *merkle.Frontier
	chunks   []chunk
}

type chunk struct {
	start  uint64
	before *merkle.Frontier
	leaves []merkle.Hash
}

func (r *recentRoots) append(leaf merkle.Hash) {
	size := r.frontier.Size()
	if len(r.chunks) == 0 || size%chunkLeaves == 0 {
		if len(r.chunks) == leavesKeptMax/chunkLeaves {
			r.chunks = append(r.chunks[:0], r.chunks[1:]...)
		}
		r.chunks = append(r.chunks, chunk{size, r.frontier.Clone(), make([]merkle.Hash, 0, chunkLeaves)})
	}
	last := &r.chunks[len(r.chunks)-1]
	last.leaves = append(last.leaves, leaf)
	r.frontier.Append(leaf)
}

// appendSubtree appends the leaves of one, of which nothing is known: nor are the roots before its end from now on.
func (r *recentRoots) appendSubtree(of merkle.Subtree) {
	r.chunks = nil
	r.frontier.AppendSubtree(of)
}

// rootAt is the root that the tree had at a size; false for one that it hasn't had yet, or had before what is kept.
func (r *recentRoots) rootAt(size uint64) (merkle.Hash, bool) {
	if size == r.frontier.Size() {
		return r.frontier.Root(), true
	}
	if len(r.chunks) == 0 || size < r.chunks[0].start || size > r.frontier.Size() {
		return merkle.Hash{}, false
	}
	of := &r.chunks[size/chunkLeaves-r.chunks[0].start/chunkLeaves]
	frontier := of.before.Clone()
	for _, leaf := range of.leaves[:size-of.start] {
		frontier.Append(leaf)
	}
	return frontier.Root(), true
}

// latestWriters know who wrote last, as far as the condition "nobody else has changed the chain" needs it: the newest event of anyone,
// and the newest of anyone else than that.
type latestWriters struct{ newest, other lastEvent }

type lastEvent struct {
	writer event.Hash
	end    uint64
}

func (l *latestWriters) wrote(writer event.Hash, end uint64) {
	if writer != l.newest.writer {
		l.other = l.newest
	}
	l.newest = lastEvent{writer, end}
}

// endOfOthers is the sequence after the newest event of anyone but this writer; 0 where there is none.
func (l *latestWriters) endOfOthers(writer event.Hash) uint64 {
	if writer == l.newest.writer {
		return l.other.end
	}
	return l.newest.end
}

// recentObjects know who wrote the objects of the last events of a replay: those of the last 131,072 at least. A condition that reaches
// further back is checked as far as this goes.
type recentObjects struct {
	older, newer map[[event.IDBytes]byte]latestWriters
	events       int
}

func (r *recentObjects) add(batch *event.Batch, firstSequence uint64) {
	if r.newer == nil {
		r.newer = map[[event.IDBytes]byte]latestWriters{}
	}
	for i := range batch.Events {
		of := &batch.Events[i]
		if !of.Kind.WritesObject() || of.PrimaryKey == nil {
			continue
		}
		key := [event.IDBytes]byte(of.PrimaryKey)
		record := r.newer[key]
		record.wrote(batch.Seal.WriterID, firstSequence+uint64(i)+1)
		r.newer[key] = record
	}
	if r.events += len(batch.Events); r.events >= eventsKeptMin {
		r.older, r.newer, r.events = r.newer, nil, 0
	}
}

func (r *recentObjects) endOfOthers(primaryKey []byte, writer event.Hash) uint64 {
	key := [event.IDBytes]byte(primaryKey)
	older, newer := r.older[key], r.newer[key]
	return max(older.endOfOthers(writer), newer.endOfOthers(writer))
}
