package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/strict"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
)

// Checkpoints: C2SP tlog-checkpoint v1 in a C2SP signed-note v1. One line is Ed25519 over the text (signature type 0x01), one ML-DSA-44
// over a cosigned_message (type 0x06, C2SP tlog-cosignature v1). docs/checkpoints.md describes them.

const (
	// checkpointBytesMax has room for 16 signature lines of the largest kind, which readers must accept.
	checkpointBytesMax = 131_072
	signatureLinesMax  = 18
	originPrefix       = "atedb/"
	typeEd25519        = 0x01
	typeMLDSA44        = 0x06
	keyIDBytes         = 4
	timeBytes          = 8
)

// CheckpointKeys are the keys that a server signs checkpoints with, and its identity's word for them.
type CheckpointKeys struct {
	// Message is the serialised CheckpointKeys.
	Message  []byte
	Identity *keys.Public
	note     *crypt.NoteKeys
}

// VerifyCheckpointKeys verifies an identity's word for the keys of a server's checkpoints. Whether it is the right identity is not
// checked. The error is NON_CANONICAL or REQUEST_INVALID for bytes that aren't one, and SIGNATURE_INVALID.
func VerifyCheckpointKeys(message []byte, identity *keys.Public) (*CheckpointKeys, error) {
	message = bytes.Clone(message)
	var fields [4][]byte
	cursor := strict.NewCursor(message)
	for cursor.Next() {
		if cursor.Field < len(fields) && cursor.Wire == strict.WireBytes && fields[cursor.Field] == nil {
			fields[cursor.Field] = cursor.Bytes()
		}
	}
	if cursor.Err() != nil {
		return nil, cursor.Err()
	}
	if fields[1] == nil || fields[2] == nil || fields[3] == nil {
		return nil, fault.New(fault.NonCanonical, "checkpoint keys are two keys and a signature")
	}
	note, err := crypt.NewNoteKeys(fields[1], fields[2])
	if err != nil {
		return nil, err
	}
	signature, err := ParseSignature(fields[3])
	if err != nil {
		return nil, err
	}
	if !signature.By(identity, crypt.ContextCheckpointKeys, append(bytes.Clone(fields[1]), fields[2]...)) {
		return nil, fault.New(fault.SignatureInvalid, "the checkpoint keys are not signed by the server's identity %s", identity).
			With("fingerprint", identity.String())
	}
	return &CheckpointKeys{message, identity, note}, nil
}

// A Checkpoint is a server's signature under a chain's head, whose both lines were verified.
type Checkpoint struct {
	// Note as it came: whoever has it and the keys can verify it again.
	Note    string
	ChainID Hash
	Head    merkle.Head
	// TimeUnixS is the server's clock, in seconds: there was no larger tree of the chain then.
	TimeUnixS int64
	Keys      *CheckpointKeys
}

// CheckpointOrigin is the origin of a chain's checkpoints, which is also the name of the keys that sign them.
func CheckpointOrigin(chainID Hash) string { return originPrefix + hex.EncodeToString(chainID[:]) }

// keyID of one of a server's keys on the checkpoints of a chain.
func keyID(chainID Hash, kind byte, key []byte) []byte {
	hash := sha256.Sum256(append(append([]byte(CheckpointOrigin(chainID)+"\n"), kind), key...))
	return hash[:keyIDBytes]
}

// VerifierKeys are the keys as C2SP verifier keys (vkey), for tools that verify notes: Ed25519's, then ML-DSA-44's.
func (k *CheckpointKeys) VerifierKeys(chainID Hash) (ed25519, mldsa44 string) {
	text := func(kind byte, key []byte) string {
		return fmt.Sprintf("%s+%x+%s", CheckpointOrigin(chainID), keyID(chainID, kind, key), base64.StdEncoding.EncodeToString(append([]byte{kind}, key...)))
	}
	return text(typeEd25519, k.note.Ed25519), text(typeMLDSA44, k.note.MLDSA44)
}

// cosignedMessage is what the ML-DSA-44 line signs: the server cosigns its own checkpoint.
func cosignedMessage(chainID Hash, head merkle.Head, timeUnixS int64) []byte {
	origin := CheckpointOrigin(chainID)
	named := append([]byte{byte(len(origin))}, origin...)
	message := append([]byte("subtree/v1\n\x00"), named...)
	message = binary.BigEndian.AppendUint64(message, uint64(timeUnixS))
	message = append(message, named...)
	message = binary.BigEndian.AppendUint64(message, 0)
	message = binary.BigEndian.AppendUint64(message, head.Size)
	return append(message, head.Root[:]...)
}

type noteSignature struct {
	name             string
	keyID, signature []byte
}

type parsedNote struct {
	chainID    Hash
	head       merkle.Head
	text       string
	signatures []noteSignature
}

// VerifyCheckpoint verifies a checkpoint of a chain: both of the server's signatures must be there, once, and verify. Lines of others,
// such as witnesses, are passed over. The error is NON_CANONICAL, CHAIN_ID_MISMATCH for one of another chain, or SIGNATURE_INVALID.
func VerifyCheckpoint(note string, chainID Hash, signer *CheckpointKeys) (*Checkpoint, error) {
	parsed, err := parseNote(note)
	if err != nil {
		return nil, err
	}
	if parsed.chainID != chainID {
		return nil, fault.New(fault.ChainIDMismatch, "the checkpoint is of the chain %x, and not of %x", parsed.chainID, chainID).
			With("chain_id", hex.EncodeToString(parsed.chainID[:]))
	}
	ed25519, err := parsed.lineOf("Ed25519", typeEd25519, signer.note.Ed25519)
	if err != nil {
		return nil, err
	}
	cosignature, err := parsed.lineOf("ML-DSA-44", typeMLDSA44, signer.note.MLDSA44)
	if err != nil {
		return nil, err
	}
	// A time of zero says nothing of it, which is not for those who sign their own tree.
	if len(cosignature) < timeBytes || binary.BigEndian.Uint64(cosignature) == 0 || binary.BigEndian.Uint64(cosignature) > strict.IntegerMax {
		return nil, unsigned("its ML-DSA-44 line says no time")
	}
	timeUnixS := int64(binary.BigEndian.Uint64(cosignature))
	if !signer.note.VerifyEd25519([]byte(parsed.text), ed25519) {
		return nil, unsigned("its Ed25519 line does not verify")
	}
	if !signer.note.VerifyMLDSA44(cosignedMessage(chainID, parsed.head, timeUnixS), cosignature[timeBytes:]) {
		return nil, unsigned("its ML-DSA-44 line does not verify")
	}
	return &Checkpoint{note, chainID, parsed.head, timeUnixS, signer}, nil
}

// lineOf is the one line of a key.
func (p *parsedNote) lineOf(what string, kind byte, key []byte) ([]byte, error) {
	var found []byte
	id := keyID(p.chainID, kind, key)
	for _, line := range p.signatures {
		if line.name != CheckpointOrigin(p.chainID) || !bytes.Equal(line.keyID, id) {
			continue
		}
		if found != nil {
			return nil, unsigned("it has more than one " + what + " line of the server's key")
		}
		found = line.signature
	}
	if found == nil {
		return nil, unsigned("it has no " + what + " line of the server's key")
	}
	return found, nil
}

var (
	originPattern = regexp.MustCompile(`^atedb/[0-9a-f]{64}$`)
	sizePattern   = regexp.MustCompile(`^[1-9][0-9]{0,15}$`)
)

// parseNote reads a checkpoint. It has three lines of text and no extension lines, which the ML-DSA-44 line would not cover; signature
// lines may be anybody's.
func parseNote(note string) (*parsedNote, error) {
	if len(note) > checkpointBytesMax {
		return nil, badNote("it has more than 131072 bytes")
	}
	if !utf8.ValidString(note) {
		return nil, badNote("it is not valid Unicode")
	}
	if strings.ContainsFunc(note, func(r rune) bool { return r < 0x20 && r != '\n' }) {
		return nil, badNote("it has a control character")
	}
	split := strings.LastIndex(note, "\n\n")
	if split < 0 {
		return nil, badNote("no empty line is before its signatures")
	}
	lines := strings.Split(note[:split], "\n")
	if len(lines) != 3 {
		return nil, badNote("its text has another number of lines than three")
	}
	if !originPattern.MatchString(lines[0]) {
		return nil, badNote("its origin is not \"atedb/\" and the 64 hexadecimal digits of a chain id")
	}
	chainID, _ := hex.DecodeString(lines[0][len(originPrefix):])
	// A chain has its genesis, so its tree is never empty.
	size, err := strconv.ParseUint(lines[1], 10, 64)
	if err != nil || !sizePattern.MatchString(lines[1]) || size > strict.IntegerMax {
		return nil, badNote("its tree size is not a number from 1 to 2^53 - 1 in decimal")
	}
	root, ok := decodeBase64(lines[2])
	if !ok || len(root) != 32 {
		return nil, badNote("its root hash is not 32 bytes in base64")
	}
	parsed := &parsedNote{chainID: Hash(chainID), head: merkle.Head{Size: size, Root: Hash(root)}, text: note[:split+1]}
	return parsed, parsed.parseSignatures(note[split+2:])
}

func (p *parsedNote) parseSignatures(text string) error {
	rest, ended := strings.CutSuffix(text, "\n")
	if !ended {
		return badNote("its last line has no end")
	}
	lines := strings.Split(rest, "\n")
	if len(lines) > signatureLinesMax {
		return badNote("it has more than 18 signature lines")
	}
	for _, line := range lines {
		words := strings.Split(line, " ")
		if len(words) != 3 || words[0] != "\u2014" || words[1] == "" || strings.ContainsFunc(words[1], func(r rune) bool { return r == '+' || unicode.IsSpace(r) }) {
			return badNote("one of its signature lines is none")
		}
		value, ok := decodeBase64(words[2])
		if !ok || len(value) <= keyIDBytes {
			return badNote("one of its signature lines is none")
		}
		p.signatures = append(p.signatures, noteSignature{words[1], value[:keyIDBytes], value[keyIDBytes:]})
	}
	return nil
}

// decodeBase64 decodes base64 that is as it would be encoded.
func decodeBase64(text string) ([]byte, bool) {
	value, err := base64.StdEncoding.Strict().DecodeString(text)
	return value, err == nil && base64.StdEncoding.EncodeToString(value) == text
}

func badNote(why string) error {
	return fault.New(fault.NonCanonical, "it is not a checkpoint of a chain: %s", why)
}

func unsigned(why string) error {
	return fault.New(fault.SignatureInvalid, "the checkpoint is not signed by the server: %s", why)
}
