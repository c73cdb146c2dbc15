package home

import (
	"crypto/rand"
	"encoding/hex"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"atedb.example/go/event"
	"atedb.example/go/fault"
	"atedb.example/go/keys"
)

const (
	writerFormat = "atedb-writer-1"
	// slotsMax are processes that write to one chain with one key from one home folder at once.
	slotsMax = 1_000
	// saveEvery bounds how often what changes all the time is written.
	saveEvery = time.Second
)

// A WriterState is where a writer stands: so many of its batches are acknowledged, and the last of them.
type WriterState struct {
	Salt []byte
	// Counter is the number of acknowledged batches; the counter of the next one.
	Counter uint64
	// LastSeal is the seal hash of the last of them; nil for counter 0.
	LastSeal []byte
}

func newWriter() WriterState {
	salt := make([]byte, event.IDBytes)
	_, _ = rand.Read(salt)
	return WriterState{Salt: salt}
}

// A Slot is the state of one writer of one chain. Nobody else has it while it is held: a writer id is for one process at a time, and a
// second one takes the next slot. It is safe for concurrent use.
type Slot struct {
	// Path of its file; "" where it is remembered nowhere.
	Path string
	lock *Lock

	mutex sync.Mutex
	state WriterState
	saved time.Time
	dirty bool
}

// AcquireSlot takes the first free slot of the home folder; "": a new writer that is remembered nowhere. The error is STORAGE_FAILED.
func AcquireSlot(home string, chainID event.Hash, fingerprint keys.Fingerprint) (*Slot, error) {
	if home == "" {
		return &Slot{state: newWriter()}, nil
	}
	folder := filepath.Join(home, "writers", hex.EncodeToString(chainID[:]), fingerprint.String()[:16])
	if err := makeFolder(folder); err != nil {
		return nil, err
	}
	for number := range slotsMax {
		name := filepath.Join(folder, "slot-"+strconv.Itoa(number))
		lock, err := tryLock(name + ".lock")
		if err != nil {
			return nil, err
		}
		if lock == nil {
			continue
		}
		slot := &Slot{Path: name + ".json", lock: lock}
		if err := slot.load(); err != nil {
			lock.Release()
			return nil, err
		}
		return slot, nil
	}
	return nil, fault.New(fault.StorageFailed, "%d processes write to the chain with this key from %s. Stop some, or write from another home folder", slotsMax, home).With("path", folder)
}

func (s *Slot) load() error {
	fields, found, err := readJSON(s.Path, writerFormat)
	if err != nil {
		return err
	}
	if !found {
		s.state = newWriter()
		// Before its first use, so that a restored server is noticed from the first batch on.
		return s.save()
	}
	if s.state.Salt, err = hexField(s.Path, fields, "salt", event.IDBytes); err != nil {
		return err
	}
	if s.state.Counter, err = countField(s.Path, fields, "counter"); err != nil || s.state.Counter == 0 {
		return err
	}
	s.state.LastSeal, err = hexField(s.Path, fields, "lastSeal", 32)
	return err
}

// State of the writer.
func (s *Slot) State() WriterState {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.state
}

// Advance: the last batch that is acknowledged is another now. It is saved within about a second, and by Close. The error is
// STORAGE_FAILED, and takes nothing back.
func (s *Slot) Advance(counter uint64, lastSeal []byte) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.Counter, s.state.LastSeal = counter, lastSeal
	return s.changed()
}

// Renew goes on as another writer: somebody else has used this one's id.
func (s *Slot) Renew() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state = newWriter()
	return s.save()
}

func (s *Slot) changed() error {
	s.dirty = true
	if time.Since(s.saved) < saveEvery {
		return nil
	}
	return s.save()
}

func (s *Slot) save() error {
	s.dirty = false
	if s.Path == "" {
		return nil
	}
	s.saved = time.Now()
	fields := struct {
		Format   string `json:"format"`
		Salt     string `json:"salt"`
		Counter  uint64 `json:"counter"`
		LastSeal string `json:"lastSeal,omitempty"`
	}{writerFormat, hex.EncodeToString(s.state.Salt), s.state.Counter, hex.EncodeToString(s.state.LastSeal)}
	return writeJSON(s.Path, fields)
}

// Close saves what isn't saved, and frees the slot.
func (s *Slot) Close() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var err error
	if s.dirty {
		err = s.save()
	}
	s.lock.Release()
	return err
}
