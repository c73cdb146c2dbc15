package home

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/keys"
	"atedb.example/go/merkle"
)

const (
	chainFormat    = "atedb-chain-1"
	evidenceFormat = "atedb-evidence-1"
)

// Remembered is what a client keeps of a chain from one run to the next.
type Remembered struct {
	ChainID event.Hash
	// Head is the newest that was verified.
	Head merkle.Head
	// Checkpoint is the newest of a head that was verified; Line that of the identity which vouches for it. nil for none.
	Checkpoint *event.Checkpoint
	Line       *event.IdentityLine
}

// A Chain is what is remembered of one chain of one server. Several processes may share it: the head in it never goes back. Without a home
// folder it lasts as long as this value. It is safe for concurrent use.
type Chain struct {
	folder   string
	server   string
	chainKey event.ChainKey

	mutex  sync.Mutex
	newest *Remembered
	saved  time.Time
	dirty  bool
}

var portPattern = regexp.MustCompile(`:(\d+)$`)

// NewChain is what a home folder ("": none) remembers of a chain.
func NewChain(home, server string, chainKey event.ChainKey) *Chain {
	chain := &Chain{server: server, chainKey: chainKey}
	if home != "" {
		chain.folder = filepath.Join(home, "chains", portPattern.ReplaceAllString(server, "_$1"), filepath.FromSlash(chainKey.Text))
	}
	return chain
}

// Path of the file; "" without a home folder.
func (c *Chain) Path() string {
	if c.folder == "" {
		return ""
	}
	return filepath.Join(c.folder, "head.json")
}

// Load what is remembered now, by this process or another; nil for nothing. The error is STORAGE_FAILED.
func (c *Chain) Load() (*Remembered, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	stored, err := c.read()
	if err != nil {
		return nil, err
	}
	c.newest = newerOf(c.newest, stored)
	return c.newest, nil
}

// Note what was verified. It is written within about a second, and by Flush. The error is STORAGE_FAILED.
func (c *Chain) Note(is *Remembered) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	newest := newerOf(c.newest, is)
	if newest == c.newest {
		return nil
	}
	c.newest, c.dirty = newest, true
	if time.Since(c.saved) < saveEvery {
		return nil
	}
	return c.save()
}

// Flush writes what isn't written yet.
func (c *Chain) Flush() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.dirty {
		return nil
	}
	return c.save()
}

// Forget the chain: one that is met next under its key is met for the first time.
func (c *Chain) Forget() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.newest, c.dirty = nil, false
	if c.folder == "" {
		return nil
	}
	if err := os.Remove(c.Path()); err != nil && !os.IsNotExist(err) {
		return storageFailed("cannot remove "+c.Path(), err)
	}
	return nil
}

// newerOf is what to go on with. What was there stays when it is of another chain: that is for people to decide.
func newerOf(was, is *Remembered) *Remembered {
	if was == nil || is == nil {
		if was == nil {
			return is
		}
		return was
	}
	if is.ChainID != was.ChainID {
		return was
	}
	isSigned := is.Checkpoint != nil && NewerCheckpoint(is.Checkpoint, is.Line, was.Checkpoint)
	if is.Head.Size <= was.Head.Size && !isSigned {
		return was
	}
	newer := *was
	if is.Head.Size > was.Head.Size {
		newer.Head = is.Head
	}
	if isSigned {
		newer.Checkpoint, newer.Line = is.Checkpoint, is.Line
	}
	return &newer
}

// NewerCheckpoint reports whether a checkpoint, signed by keys of an identity with this line, is to be remembered in place of one before
// (nil: none): it is of a larger tree, or of one as large by an identity that has followed since.
func NewerCheckpoint(is *event.Checkpoint, line *event.IdentityLine, was *event.Checkpoint) bool {
	return was == nil || is.Head.Size > was.Head.Size ||
		is.Head.Size == was.Head.Size && line.Retired(was.Keys.Identity.Fingerprint())
}

// checkpointJSON is a checkpoint as files hold it.
type checkpointJSON struct {
	Note          string   `json:"note"`
	Keys          string   `json:"keys"`
	IdentitySuite int      `json:"identitySuite"`
	Identity      string   `json:"identity"`
	Rotations     []string `json:"rotations,omitempty"`
}

func checkpointFields(signed *event.Checkpoint, line *event.IdentityLine) *checkpointJSON {
	if signed == nil || line == nil {
		return nil
	}
	fields := &checkpointJSON{Note: signed.Note, Keys: encode(signed.Keys.Message), IdentitySuite: line.Identity.Suite(), Identity: encode(line.Identity.Bytes())}
	for _, one := range line.Rotations {
		fields.Rotations = append(fields.Rotations, encode(one))
	}
	return fields
}

func (f *checkpointJSON) verify(chainID event.Hash) (*event.Checkpoint, *event.IdentityLine, error) {
	var rotations [][]byte
	for _, one := range f.Rotations {
		rotations = append(rotations, decode(one))
	}
	identity, err := keys.NewPublic(f.IdentitySuite, decode(f.Identity), nil)
	if err != nil {
		return nil, nil, err
	}
	line, err := event.VerifyIdentityLine(identity, rotations)
	if err != nil {
		return nil, nil, err
	}
	signer, err := event.VerifyCheckpointKeys(decode(f.Keys), identity)
	if err != nil {
		return nil, nil, err
	}
	signed, err := event.VerifyCheckpoint(f.Note, chainID, signer)
	return signed, line, err
}

func encode(bytes []byte) string { return base64.StdEncoding.EncodeToString(bytes) }

// decode gives nothing for what is no base64, which is then refused as what it is to be.
func decode(text string) []byte {
	bytes, _ := base64.StdEncoding.Strict().DecodeString(text)
	return bytes
}

func (c *Chain) read() (*Remembered, error) {
	path := c.Path()
	if path == "" {
		return nil, nil
	}
	fields, found, err := readJSON(path, chainFormat)
	if err != nil || !found {
		return nil, err
	}
	id, err := hexField(path, fields, "chainId", 32)
	if err != nil {
		return nil, err
	}
	root, err := hexField(path, fields, "headRoot", 32)
	if err != nil {
		return nil, err
	}
	size, err := countField(path, fields, "headSize")
	if err != nil {
		return nil, err
	}
	is := &Remembered{ChainID: event.Hash(id), Head: merkle.Head{Size: size, Root: merkle.Hash(root)}}
	if fields["checkpoint"] == nil {
		return is, nil
	}
	text, _ := json.Marshal(fields["checkpoint"])
	var stored checkpointJSON
	if err = json.Unmarshal(text, &stored); err == nil {
		is.Checkpoint, is.Line, err = stored.verify(is.ChainID)
	}
	if err != nil {
		return nil, unusable(path, "its \"checkpoint\" does not verify: "+fault.Text(err))
	}
	return is, nil
}

// save reads, compares and writes under a lock, so that of two processes neither undoes the other's.
func (c *Chain) save() error {
	c.dirty, c.saved = false, time.Now()
	if c.folder == "" || c.newest == nil {
		return nil
	}
	if err := makeFolder(c.folder); err != nil {
		return err
	}
	lock, err := waitLock(filepath.Join(c.folder, "head.lock"))
	if err != nil {
		return err
	}
	defer lock.Release()
	stored, err := c.read()
	if err != nil {
		return err
	}
	newest := newerOf(stored, c.newest)
	if newest == stored {
		return nil
	}
	return writeJSON(c.Path(), struct {
		Format     string          `json:"format"`
		ChainKey   string          `json:"chainKey"`
		ChainID    string          `json:"chainId"`
		HeadSize   uint64          `json:"headSize"`
		HeadRoot   string          `json:"headRoot"`
		Checkpoint *checkpointJSON `json:"checkpoint,omitempty"`
	}{chainFormat, c.chainKey.Text, hex.EncodeToString(newest.ChainID[:]), newest.Head.Size, hex.EncodeToString(newest.Head.Root[:]),
		checkpointFields(newest.Checkpoint, newest.Line)})
}

// Evidence are two heads that a server has shown and that can't both be true.
type Evidence struct {
	Why           string
	GenesisHeader []byte
	Known         merkle.Head
	// Served is nil where the server shows none.
	Served      *merkle.Head
	Consistency [][]byte
	// Before and Now are its checkpoints, with the lines of its identity; nil for none.
	Before, Now         *event.Checkpoint
	BeforeLine, NowLine *event.IdentityLine
}

type headJSON struct {
	Size uint64 `json:"size"`
	Root string `json:"root"`
}

// KeepEvidence writes evidence of a conflict, which anybody can check: docs/checkpoints.md. It returns the path of its file; "" without
// a home folder, or where it can't be written, which must not hide the conflict itself.
func (c *Chain) KeepEvidence(evidence Evidence) string {
	if c.folder == "" {
		return ""
	}
	text := func(at time.Time) []byte {
		fields := struct {
			Format               string          `json:"format"`
			Time                 string          `json:"time"`
			Server               string          `json:"server"`
			ChainKey             string          `json:"chainKey"`
			Why                  string          `json:"why"`
			GenesisHeader        string          `json:"genesisHeader,omitempty"`
			RememberedHead       headJSON        `json:"rememberedHead"`
			ServedHead           *headJSON       `json:"servedHead,omitempty"`
			Consistency          []string        `json:"consistency"`
			RememberedCheckpoint *checkpointJSON `json:"rememberedCheckpoint,omitempty"`
			ServedCheckpoint     *checkpointJSON `json:"servedCheckpoint,omitempty"`
		}{evidenceFormat, at.UTC().Format("2006-01-02T15:04:05.000Z"), c.server, c.chainKey.Text, evidence.Why, encode(evidence.GenesisHeader),
			headOf(evidence.Known), nil, []string{}, checkpointFields(evidence.Before, evidence.BeforeLine), checkpointFields(evidence.Now, evidence.NowLine)}
		if evidence.Served != nil {
			served := headOf(*evidence.Served)
			fields.ServedHead = &served
		}
		for _, hash := range evidence.Consistency {
			fields.Consistency = append(fields.Consistency, hex.EncodeToString(hash))
		}
		var written strings.Builder
		encoder := json.NewEncoder(&written)
		// As every other client writes it: readers refuse what is spelt in another way.
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(fields); err != nil {
			panic(err)
		}
		return []byte(written.String())
	}
	// By what it says: who tries again and again to open a chain that is gone keeps one file, of the first time.
	digest := sha256.Sum256(text(time.Unix(0, 0)))
	path := filepath.Join(c.folder, "conflict-"+hex.EncodeToString(digest[:8])+".json")
	if makeFolder(c.folder) != nil {
		return ""
	}
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if writeFile(path, text(time.Now()), true) != nil {
		return ""
	}
	return path
}

func headOf(head merkle.Head) headJSON { return headJSON{head.Size, hex.EncodeToString(head.Root[:])} }
