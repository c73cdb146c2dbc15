// Package segment reads the files that a chain's log is made of, without a server: docs/format.md, "Segments" and "Recovery". It changes
// nothing. A segment file is a serialised atedb.v1.LogSegment, so generated stubs read one, too; this says what of it is whole, what a
// crash has torn, and what is damaged.
package segment

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/limits"
	"atedb.example/go/internal/strict"
	"atedb.example/go/merkle"
)

// A Verdict says what the end of a segment is.
type Verdict string

// The verdicts.
const (
	// Whole: every byte is accounted for.
	Whole Verdict = "whole"
	// Tail: what follows the last whole batch had never been acknowledged, as far as the file can tell.
	Tail Verdict = "tail"
	// Damage: bytes are wrong or gone that had been durable, or that a crash can't have left so.
	Damage Verdict = "damage"
)

// A Header is the start of a segment file.
type Header struct {
	ChainID                    event.Hash
	Segment                    uint64
	FirstCommit, FirstSequence uint64
	// Frontier of the tree of all commits before.
	Frontier *merkle.Frontier
	// PreviousSHA256 is that of the file of the segment before; nil in segment 0.
	PreviousSHA256 []byte
	// Generation counts how often the file was rewritten, by compactions and redactions; of one that was, OriginalSHA256 is that of the file as it
	// was closed, else nil.
	Generation     uint64
	OriginalSHA256 []byte
}

// A Scan is how far a segment is whole, and what is there after it. Offsets are in bytes from the file's start.
type Scan struct {
	Header  Header
	Verdict Verdict
	// Start is where the first batch begins, End where the last whole one ends.
	Start, End int
	// Durable is the highest offset that something whole in the file says was durable.
	Durable uint64
	// Batches that are whole: slices of the file.
	Batches []event.Stored
	// NextCommit and NextSequence come after them, and Tree has them all.
	NextCommit, NextSequence uint64
	Tree                     *merkle.Frontier
	// HasFooter: the file ends with a footer whose bytes are whole.
	HasFooter bool
	// Fault says in words what is wrong at End; "" for nothing.
	Fault string
}

const (
	headerTag      = 0x22
	footerTag      = 0x32
	footerMax      = 80
	unsyncedMax    = limits.GroupBytes + limits.BatchBytes
	crcFieldBytes  = 5
	lengthBytesMax = 4
)

// Read looks at the file of a segment, whole, by itself: of its number and generation, which its name has. What is in its events is not looked
// at, nor what comes before. To verify that, hand Batches to a trust.Replay. The error is CHAIN_DAMAGED where the file has no header that can be
// read, and FORMAT_TOO_NEW.
func Read(file []byte, segment, generation uint64) (*Scan, error) {
	header, start, err := parseHeader(file, segment, generation)
	if err != nil {
		return nil, err
	}
	scan := &Scan{Header: header, Start: start, End: start, Durable: uint64(start), NextCommit: header.FirstCommit, NextSequence: header.FirstSequence,
		Tree: header.Frontier.Clone()}
	if segment == 0 {
		// A chain whose genesis isn't durable has no folder.
		scan.Durable++
	}
	contradiction := scan.walk(file)
	switch {
	case uint64(scan.End) < scan.Durable:
		scan.Verdict = Damage
	case scan.Fault == "":
		scan.Verdict = Whole
	case contradiction || len(file)-scan.End > unsyncedMax:
		scan.Verdict = Damage
	default:
		scan.Verdict = Tail
	}
	return scan, nil
}

// walk reads from the first batch to the file's end or the first fault. It returns whether the fault is bytes that are whole and say what
// can't be: no crash leaves that behind.
func (s *Scan) walk(file []byte) (contradiction bool) {
	limit := len(file)
	foot, size, found := footerAtEnd(file)
	if found && foot.durableOffset == uint64(len(file)-size) {
		s.HasFooter = true
		limit = int(foot.durableOffset)
		s.Durable = max(s.Durable, foot.durableOffset)
	}
	lastTime := int64(0)
	for s.End < limit {
		frame, what := frameBatch(file[:limit], s.End)
		if what != "" {
			s.durableAfter(file, limit, limit)
			s.Fault = what
			return false
		}
		commit, fits := frame.commit(file)
		if !fits {
			s.durableAfter(file, limit, frame.end)
			s.Fault = "a checksum does not fit"
			return false
		}
		if what := s.check(frame, commit, lastTime); what != "" {
			s.durableAfter(file, limit, frame.end)
			s.Fault = what
			return true
		}
		s.Batches = append(s.Batches, event.Stored{Run: file[frame.start:frame.runEnd:frame.runEnd], Commit: commit})
		s.Tree.Append(commit.Leaf())
		s.NextCommit, s.NextSequence, lastTime = commit.Number+1, commit.FirstSequence+uint64(commit.Events), commit.TimeUnixMs
		s.End = frame.end
		s.Durable = max(s.Durable, commit.DurableOffset)
	}
	root := s.Tree.Root()
	switch {
	case s.End > limit:
		s.Fault = "a footer lies where the header is"
	case s.HasFooter && (foot.nextCommit != s.NextCommit || foot.nextSequence != s.NextSequence || !bytes.Equal(foot.treeRoot, root[:])):
		s.Fault = "the footer is of other batches"
	default:
		return false
	}
	s.durableAfter(file, limit, limit)
	return true
}

// check a batch whose CRC fits against the chain before it. It returns what is wrong.
func (s *Scan) check(frame batchFrame, commit *event.Commit, lastTime int64) string {
	if commit == nil {
		return "a commit is not in the strict form"
	}
	after := s.Tree.Clone()
	after.Append(commit.Leaf())
	root := after.Root()
	switch {
	case int(commit.BatchBytes) != frame.runEnd-frame.start:
		return "a commit is of a batch of another size"
	case int(commit.Events) != frame.events:
		return "a commit is of another number of events"
	case commit.DurableOffset > uint64(frame.start):
		return "a commit calls bytes durable that came after it"
	case commit.Number != s.NextCommit:
		return "a commit is where another one was due"
	case commit.FirstSequence != s.NextSequence:
		return "a sequence is where another one was due"
	case commit.TimeUnixMs < lastTime:
		return "time goes back"
	case commit.TreeRoot != nil && !bytes.Equal(root[:], commit.TreeRoot):
		return "the tree has another root than was written"
	}
	return ""
}

// durableAfter notes what commits behind a fault say was durable when they were written: those that the framing still leads to from an
// offset on, and the one that the file ends with.
func (s *Scan) durableAfter(file []byte, limit, from int) {
	for from < limit {
		frame, what := frameBatch(file[:limit], from)
		if what != "" {
			break
		}
		from = frame.end
		if commit, fits := frame.commit(file); fits && commit != nil && commit.DurableOffset <= uint64(frame.start) {
			s.Durable = max(s.Durable, commit.DurableOffset)
		}
	}
	// Where bytes are gone, or too many, a footer lies elsewhere than it says. A whole batch is right before it, or it is somebody's data.
	end := file[:limit]
	foot, size, hasFooter := footerAtEnd(end)
	last := commitAtEnd(end[:len(end)-size])
	if last == nil {
		return
	}
	s.Durable = max(s.Durable, last.DurableOffset)
	if hasFooter {
		s.Durable = max(s.Durable, foot.durableOffset)
	}
}

func parseHeader(file []byte, segment, generation uint64) (header Header, end int, err error) {
	length, at, ok := uint32(0), 0, len(file) > 0 && file[0] == headerTag
	if ok {
		length, at, ok = readLength(file, 1)
	}
	if !ok || at+int(length) > len(file) {
		return header, 0, damaged("it does not begin with a segment header, or that is cut short")
	}
	end = at + int(length)
	if err := checkRecord(file[at:end], forms.MagicSegment, file[:at]); err != nil {
		return header, 0, err
	}
	var frontier [][]byte
	cursor := strict.NewCursor(file[at:end])
	for cursor.Next() {
		switch cursor.Field {
		case 2:
			header.ChainID = event.Hash(cursor.Bytes())
		case 3:
			header.Segment = cursor.Value
		case 4:
			header.FirstCommit = cursor.Value
		case 5:
			header.FirstSequence = cursor.Value
		case 6:
			frontier = append(frontier, cursor.Bytes())
		case 7:
			header.PreviousSHA256 = cursor.Bytes()
		case 8:
			header.Generation = cursor.Value
		case 9:
			header.OriginalSHA256 = cursor.Bytes()
		}
	}
	if header.Frontier, err = merkle.NewFrontier(header.FirstCommit, frontier); err != nil {
		return header, 0, damaged("its frontier does not fit its first commit")
	}
	if header.Segment != segment {
		return header, 0, damaged("it is the file of another segment")
	}
	if header.Generation != generation {
		return header, 0, damaged("it is the file of another generation")
	}
	if (header.OriginalSHA256 == nil) != (generation == 0) {
		return header, 0, damaged("the hash of the file that it was does not fit its generation")
	}
	if (header.PreviousSHA256 == nil) != (segment == 0) {
		return header, 0, damaged("the hash of the segment before it does not fit its number")
	}
	return header, end, nil
}

var (
	headerForm = &strict.Form{Name: "SegmentHeader", Fields: []strict.Field{
		strict.Magic(forms.MagicSegment), strict.Need(strict.Hash32(2, "chain_id")), {Number: 3, Name: "segment"}, {Number: 4, Name: "first_commit"},
		{Number: 5, Name: "first_sequence"}, strict.Hashes32(6, "frontier", 53), strict.Hash32(7, "previous_sha256"), {Number: 8, Name: "generation"},
		strict.Hash32(9, "original_sha256"), crcField,
	}}
	footerForm = &strict.Form{Name: "SegmentFooter", Fields: []strict.Field{
		strict.Magic(forms.MagicFooter), {Number: 2, Name: "durable_offset", Kind: strict.Fixed64, Required: true}, strict.Need(strict.Field{Number: 3, Name: "next_commit"}),
		strict.Need(strict.Field{Number: 4, Name: "next_sequence"}), strict.Need(strict.Hash32(5, "tree_root")), crcField,
	}}
	crcField = strict.Field{Number: 15, Name: "crc32", Kind: strict.Fixed32, Presence: true, Required: true}
)

// checkRecord checks first the three letters, then the CRC, then the version: so a flipped bit is damage and never looks like a newer
// version, and a newer version is refused by name and never misread. before is what the CRC covers before the record.
func checkRecord(record []byte, magic uint32, before []byte) error {
	if len(record) < 2*crcFieldBytes || record[0] != 0x0d {
		return damaged("a record does not begin with a magic")
	}
	is := binary.LittleEndian.Uint32(record[1:])
	if is&0xffffff != magic&0xffffff {
		return damaged("a record has another magic")
	}
	covered := len(record) - crcFieldBytes
	crc := crc32.Update(crc32.ChecksumIEEE(before), crc32.IEEETable, record[:covered])
	if record[covered] != 0x7d || binary.LittleEndian.Uint32(record[covered+1:]) != crc {
		return damaged("the checksum of a record does not fit")
	}
	if is>>24 > magic>>24 {
		return fault.New(fault.FormatTooNew, "the file is of format version %d, and this client knows versions up to %d. Use a newer one", is>>24, magic>>24)
	}
	form := headerForm
	if magic == forms.MagicFooter {
		form = footerForm
	}
	if strict.Check(form, record) != nil {
		return damaged("a record is not in the strict form")
	}
	return nil
}

func damaged(what string) error {
	return fault.New(fault.ChainDamaged, "the segment is damaged at offset 0: %s", what)
}
