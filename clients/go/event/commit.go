package event

import (
	"hash/crc32"
	"strconv"

	"atedb.example/go/fault"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/strict"
	"atedb.example/go/merkle"
)

// A CommitHeader is what a server seals in accepting a batch.
type CommitHeader struct {
	// Number of the batch in its chain, from 0 on.
	Number        uint64
	FirstSequence uint64
	Events        uint32
	// TimeUnixMs is the server's clock.
	TimeUnixMs int64
	SealHash   Hash
}

// A Commit as it was read.
type Commit struct {
	CommitHeader
	// Header bytes are a leaf of the chain's tree.
	Header []byte
	// TreeRoot whose last leaf is this commit; nil: it isn't said.
	TreeRoot []byte
	// BatchBytes is the size of the run before it.
	BatchBytes    uint32
	DurableOffset uint64
	CRC32         uint32
}

const (
	commitField = 3
)

// Bytes are those of the header that says so.
func (h CommitHeader) Bytes() []byte {
	return new(strict.Writer).Fixed32(1, magicCommit).Varint(2, h.Number).Varint(3, h.FirstSequence).Varint(4, uint64(h.Events)).
		Varint(5, uint64(h.TimeUnixMs)).Bytes(6, h.SealHash[:]).Finish()
}

// Leaf is the hash of the leaf that the commit is.
func (c *Commit) Leaf() Hash { return merkle.LeafHash(c.Header) }

// EncodeCommit serialises a commit with its tag and length, to be stored right behind its run.
func EncodeCommit(run, header, treeRoot []byte, durableOffset uint64) []byte {
	body := new(strict.Writer).Bytes(1, header).Bytes(2, treeRoot).Fixed32(13, uint32(len(run))).Fixed64(14, durableOffset).
		Fixed32Always(15, 0).Finish()
	framed := strict.Frame(commitField, body)
	covered := framed[:len(framed)-crcFieldBytes]
	return new(strict.Writer).Raw(covered).Fixed32Always(15, crc32.Update(crc32.ChecksumIEEE(run), crc32.IEEETable, covered)).Finish()
}

// crcFieldBytes is the storage field that ends a commit: tag and fixed32.
const crcFieldBytes = 5

// CommitCRCFits reports whether the CRC of a stored commit fits the bytes that it covers: the run and its framed commit.
func CommitCRCFits(stored []byte, crc uint32) bool {
	return crc32.ChecksumIEEE(stored[:len(stored)-crcFieldBytes]) == crc
}

// ParseCommit takes a Commit message apart. The error is NON_CANONICAL.
func ParseCommit(message []byte) (*Commit, error) {
	if err := strict.Check(forms.Commit, message); err != nil {
		return nil, err
	}
	commit := &Commit{}
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		switch cursor.Field {
		case 1:
			commit.Header = cursor.Bytes()
		case 2:
			commit.TreeRoot = cursor.Bytes()
		case 13:
			commit.BatchBytes = uint32(cursor.Value)
		case 14:
			commit.DurableOffset = cursor.Value
		case 15:
			commit.CRC32 = uint32(cursor.Value)
		}
	}
	var err error
	commit.CommitHeader, err = ParseCommitHeader(commit.Header)
	return commit, err
}

// ParseCommitHeader reads a commit header. The error is NON_CANONICAL.
func ParseCommitHeader(header []byte) (CommitHeader, error) {
	var said CommitHeader
	if err := strict.Check(forms.CommitHeader, header); err != nil {
		return said, err
	}
	cursor := strict.NewCursor(header)
	for cursor.Next() {
		switch cursor.Field {
		case 2:
			said.Number = cursor.Value
		case 3:
			said.FirstSequence = cursor.Value
		case 4:
			said.Events = uint32(cursor.Value)
		case 5:
			said.TimeUnixMs = int64(cursor.Value)
		case 6:
			said.SealHash = Hash(cursor.Bytes())
		}
	}
	if said.FirstSequence+uint64(said.Events) > strict.IntegerMax {
		return said, fault.New(fault.NonCanonical, "a commit header counts beyond 2^53 - 1")
	}
	return said, nil
}

// A Stored batch is one of a slice of the log: its run, and its commit.
type Stored struct {
	Run    []byte
	Commit *Commit
	// Gap is what is gone of it, or before it; nil: nothing is.
	Gap *Gap
}

// SplitSlice splits a slice of the log into its batches. Only the framing and the commits are looked at. The error is NON_CANONICAL
// where the slice is anything but whole batches, each perhaps a gap, events, seal, commit.
func SplitSlice(slice []byte) ([]Stored, error) {
	var batches []Stored
	cursor := strict.NewCursor(slice)
	start, runStart, runEnd := 0, 0, -1
	var gap *Gap
	for cursor.Next() {
		switch {
		case cursor.Wire == strict.WireBytes && cursor.Field == gapField && cursor.TagStart == start:
			var err error
			if gap, err = ParseGap(cursor.Bytes()); err != nil {
				return nil, err
			}
			runStart = cursor.End
		case cursor.Wire == strict.WireBytes && cursor.Field == runEvent && runEnd < 0:
		case cursor.Wire == strict.WireBytes && cursor.Field == runSeal && runEnd < 0:
			runEnd = cursor.End
		case cursor.Wire == strict.WireBytes && cursor.Field == commitField && runEnd >= 0:
			commit, err := ParseCommit(cursor.Bytes())
			if err != nil {
				return nil, err
			}
			batches = append(batches, Stored{slice[runStart:runEnd:runEnd], commit, gap})
			start, runStart, runEnd, gap = cursor.End, cursor.End, -1, nil
		default:
			return nil, fault.New(fault.NonCanonical, "the slice has field %d at offset %d, where a gap, events, a seal or a commit were due", cursor.Field, cursor.TagStart).
				With("offset", strconv.Itoa(cursor.TagStart))
		}
	}
	if cursor.Err() != nil {
		return nil, cursor.Err()
	}
	if start != len(slice) {
		return nil, fault.New(fault.NonCanonical, "the slice ends inside the batch that starts at %d", start)
	}
	return batches, nil
}
