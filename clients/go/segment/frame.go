package segment

import (
	"encoding/binary"
	"hash/crc32"

	"atedb.example/go/event"
	"atedb.example/go/internal/forms"
	"atedb.example/go/internal/limits"
	"atedb.example/go/internal/strict"
)

// Batches lie in a segment as fields of a LogSegment: one or more events (field 1), one seal (2), one commit (3). Walking them looks at
// tags and lengths only.
const (
	eventTag  = 0x0a
	sealTag   = 0x12
	commitTag = 0x1a
)

// A batchFrame is where one batch lies in a file.
type batchFrame struct {
	start, runEnd, commitStart, end int
	events                          int
}

// commit is the batch's; nil where it isn't in the strict form. fits says whether its CRC does.
func (f batchFrame) commit(file []byte) (commit *event.Commit, fits bool) {
	stored := file[f.start:f.end]
	if len(stored) < crcFieldBytes {
		return nil, false
	}
	end := len(stored) - crcFieldBytes
	if crc32.ChecksumIEEE(stored[:end]) != binary.LittleEndian.Uint32(stored[end+1:]) {
		return nil, false
	}
	commit, err := event.ParseCommit(file[f.commitStart:f.end])
	if err != nil {
		return nil, true
	}
	return commit, true
}

// readLength reads a varint of at most four bytes in its shortest form.
func readLength(file []byte, at int) (length uint32, next int, ok bool) {
	for i := 0; i < lengthBytesMax && at+i < len(file); i++ {
		b := file[at+i]
		length |= uint32(b&0x7f) << (7 * i)
		if b < 0x80 {
			return length, at + i + 1, b != 0 || i == 0
		}
	}
	return 0, 0, false
}

// frameBatch finds the batch that starts at an offset; else it says why there is none.
func frameBatch(file []byte, start int) (frame batchFrame, fault string) {
	frame.start = start
	for at := start; at < len(file); {
		tag := file[at]
		isDue := tag == eventTag || tag == sealTag
		if frame.runEnd > 0 {
			isDue = tag == commitTag
		}
		if !isDue {
			return frame, "another tag is where that of an event, a seal or a commit was due"
		}
		length, next, ok := readLength(file, at+1)
		if !ok {
			return frame, "a length is cut short, too large or not in its shortest form"
		}
		end := next + int(length)
		most := limits.RunBytes
		if tag == commitTag {
			most = limits.BatchBytes
		}
		switch {
		case end-start > most:
			return frame, "a length is larger than a batch may be"
		case tag == commitTag && end-at > limits.CommitBytes:
			return frame, "a commit is too large"
		case end > len(file):
			return frame, "a batch is cut short"
		case tag == commitTag:
			frame.commitStart, frame.end = next, end
			return frame, ""
		case tag == eventTag:
			frame.events++
		case frame.events == 0:
			return frame, "a seal comes before any event"
		default:
			frame.runEnd = end
		}
		at = end
	}
	return frame, "a batch is cut short"
}

// commitAtEnd finds the commit of the whole batch that a file ends with, from its end alone: a commit's last fields have a fixed width.
// Its CRC must fit, so nothing is guessed.
func commitAtEnd(file []byte) *event.Commit {
	const trailer = 19
	end := len(file)
	if end < trailer || file[end-19] != 0x6d || file[end-14] != 0x71 || file[end-5] != 0x7d {
		return nil
	}
	batchBytes := int(binary.LittleEndian.Uint32(file[end-18:]))
	for at := max(batchBytes, end-limits.CommitBytes, 0); at <= end-trailer; at++ {
		length, next, ok := readLength(file, at+1)
		if file[at] != commitTag || !ok || next+int(length) != end {
			continue
		}
		frame, fault := frameBatch(file, at-batchBytes)
		if fault != "" || frame.runEnd != at {
			continue
		}
		if commit, fits := frame.commit(file); fits {
			return commit
		}
	}
	return nil
}

type footer struct {
	durableOffset, nextCommit, nextSequence uint64
	treeRoot                                []byte
}

// footerAtEnd finds the whole footer that a file ends with, wherever it says that it lies, and its size.
func footerAtEnd(file []byte) (found footer, size int, ok bool) {
	for at := max(0, len(file)-footerMax); at < len(file); at++ {
		if file[at] != footerTag {
			continue
		}
		length, next, ok := readLength(file, at+1)
		if !ok || next+int(length) != len(file) || checkRecord(file[next:], forms.MagicFooter, nil) != nil {
			continue
		}
		cursor := strict.NewCursor(file[next:])
		for cursor.Next() {
			switch cursor.Field {
			case 2:
				found.durableOffset = cursor.Value
			case 3:
				found.nextCommit = cursor.Value
			case 4:
				found.nextSequence = cursor.Value
			case 5:
				found.treeRoot = cursor.Bytes()
			}
		}
		return found, len(file) - at, true
	}
	return footer{}, 0, false
}
