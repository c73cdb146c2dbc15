// Package hostile changes bytes of servers at random, for tests: whatever they are, a client takes them as what they were, or refuses them.
package hostile

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	rangeBytesMax = 64
	depthMax      = 8
)

// lengths are varints that overflow, or say more than there is.
var lengths = [][]byte{
	{0}, {0x7f}, {0xff, 0x7f}, {0x80, 0x80, 0x80, 2}, {0xff, 0xff, 0xff, 0xff, 7},
	{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
}

// A Mutator changes bytes blindly, and by the fields of the messages that they are. What it does follows from the seed and the number of the
// input alone.
type Mutator struct{ state uint64 }

// NewMutator of one input.
func NewMutator(seed, number uint64) *Mutator {
	made := &Mutator{seed*0x9E37_79B9 + number}
	made.next()
	return made
}

// next of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
func (m *Mutator) next() uint64 {
	m.state += 0x9E37_79B9_7F4A_7C15
	mixed := (m.state ^ m.state>>30) * 0xBF58_476D_1CE4_E5B9
	mixed = (mixed ^ mixed>>27) * 0x94D0_49BB_1331_11EB
	return mixed ^ mixed>>31
}

// Below gives a number from 0 on, below end; 0 where that is 0.
func (m *Mutator) Below(end int) int {
	if end <= 1 {
		return 0
	}
	return int(m.next() % uint64(end))
}

// Changed has something changed, once or a few times. The others are good bytes of the same kind.
func (m *Mutator) Changed(data []byte, others [][]byte) []byte {
	left := 1
	// Mostly once: of several changes one is likelier to be refused before another is looked at.
	if m.Below(4) == 0 {
		left += m.Below(3)
	}
	for ; left > 0; left-- {
		other := others[m.Below(len(others))]
		if m.Below(3) == 0 {
			data = m.blindly(data, other)
		} else {
			data = m.byField(data, other, 0)
		}
	}
	return data
}

func (m *Mutator) length() []byte { return lengths[m.Below(len(lengths))] }

func (m *Mutator) blindly(data, other []byte) []byte {
	at := m.Below(len(data))
	end := min(len(data), at+1+m.Below(rangeBytesMax))
	switch m.Below(9) {
	case 0, 7, 8:
		flipped := slices.Clone(data)
		if len(data) > 0 {
			flipped[at] ^= 1 << m.Below(8)
		}
		return flipped
	case 1:
		return slices.Clone(data[:at])
	case 2:
		return slices.Concat(data[:at], data[end:])
	case 3:
		return slices.Concat(data[:end], data[at:])
	case 4:
		second := end + m.Below(len(data)-end)
		last := min(len(data), second+end-at)
		return slices.Concat(data[:at], data[second:last], data[end:second], data[at:end], data[last:])
	case 5:
		return slices.Concat(data[:at], other[m.Below(len(other)):])
	default:
		return slices.Concat(data[:at], m.length(), data[end:])
	}
}

// A field of a message: where it and its content lie.
type field struct {
	number              protowire.Number
	kind                protowire.Type
	start, content, end int
}

// byField changes a field of a message, or of one in it; where it is none, it is changed blindly.
func (m *Mutator) byField(data, other []byte, depth int) []byte {
	fields := fieldsOf(data)
	if len(fields) == 0 {
		return m.blindly(data, other)
	}
	one := fields[m.Below(len(fields))]
	before, whole, content, after := data[:one.start], data[one.start:one.end], data[one.content:one.end], data[one.end:]
	isBytes := one.kind == protowire.BytesType
	if isBytes && depth < depthMax && m.Below(3) > 0 {
		return slices.Concat(before, tagged(one.number, m.byField(content, m.contentOf(other, one.number), depth+1)), after)
	}
	switch m.Below(7) {
	case 0:
		return slices.Concat(before, after)
	case 1:
		return slices.Concat(before, whole, whole, after)
	case 2:
		last := fields[m.Below(len(fields))]
		return slices.Concat(before, after, data[last.start:last.end])
	case 3:
		if !isBytes {
			return slices.Concat(before, after, whole)
		}
		return slices.Concat(before, tagged(one.number, m.contentOf(other, one.number)), after)
	case 4:
		return slices.Concat(before, protowire.AppendVarint(nil, uint64(one.number)<<3+uint64(m.Below(8))), m.length(), content, after)
	case 5:
		return slices.Concat(before, protowire.AppendTag(nil, protowire.Number(1+m.Below(40)), one.kind), content, after)
	default:
		if isBytes {
			return slices.Concat(before, tagged(one.number, nil), after)
		}
		return slices.Concat(before, protowire.AppendTag(nil, one.number, protowire.VarintType), m.length(), after)
	}
}

// contentOf a field of a number of another message, or another one of that.
func (m *Mutator) contentOf(message []byte, number protowire.Number) []byte {
	fields := fieldsOf(message)
	if len(fields) == 0 {
		return message
	}
	alike := slices.DeleteFunc(slices.Clone(fields), func(one field) bool { return one.number != number })
	if len(alike) == 0 {
		alike = fields
	}
	one := alike[m.Below(len(alike))]
	return message[one.content:one.end]
}

// fieldsOf a message; nil where the bytes are none.
func fieldsOf(data []byte) []field {
	var fields []field
	for at := 0; at < len(data); {
		number, kind, length := protowire.ConsumeTag(data[at:])
		if length < 0 || kind == protowire.StartGroupType || kind == protowire.EndGroupType {
			return nil
		}
		one := field{number: number, kind: kind, start: at, content: at + length}
		size := protowire.ConsumeFieldValue(number, kind, data[one.content:])
		if size < 0 {
			return nil
		}
		one.end = one.content + size
		if kind == protowire.BytesType {
			content, _ := protowire.ConsumeBytes(data[one.content:])
			one.content = one.end - len(content)
		}
		fields = append(fields, one)
		at = one.end
	}
	return fields
}

func tagged(number protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
}
