package home

import (
	"encoding/hex"
	"path/filepath"
	"sync"

	"atedb.example/go/event"
)

const groupFormat = "atedb-group-1"

// A KnownAct is the newest act that was seen of a group: its hash names all acts before it as well.
type KnownAct struct {
	Version uint64
	Hash    event.Hash
}

// KnownGroups remember the groups of one server, in groups/<host_port>/ of the home folder: a group that was met stays the one that it was,
// whatever the server says later. Without a home folder it lasts as long as this value.
type KnownGroups struct {
	folder string
	mutex  sync.Mutex
	met    map[string]KnownAct
}

// NewKnownGroups are those of a server, host:port.
func NewKnownGroups(home, server string) *KnownGroups {
	known := &KnownGroups{met: map[string]KnownAct{}}
	if home != "" {
		known.folder = filepath.Join(home, "groups", portPattern.ReplaceAllString(server, "_$1"))
	}
	return known
}

// Path of what is kept of a group; empty without a home folder.
func (k *KnownGroups) Path(group string) string {
	if k.folder == "" {
		return ""
	}
	return filepath.Join(k.folder, group+".json")
}

// Find what is remembered of a group; nil: nothing. The error is STORAGE_FAILED.
func (k *KnownGroups) Find(group string) (*KnownAct, error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	found, err := k.read(group)
	if met, has := k.met[group]; err == nil && has && (found == nil || found.Version < met.Version) {
		return &met, nil
	}
	return found, err
}

func (k *KnownGroups) read(group string) (*KnownAct, error) {
	path := k.Path(group)
	if path == "" {
		return nil, nil
	}
	fields, found, err := readJSON(path, groupFormat)
	if err != nil || !found {
		return nil, err
	}
	version, err := countField(path, fields, "version")
	if err != nil {
		return nil, err
	}
	hash, err := hexField(path, fields, "hash", 32)
	if err != nil {
		return nil, err
	}
	return &KnownAct{version, event.Hash(hash)}, nil
}

// Note remembers what was checked. The error is STORAGE_FAILED where it could not be saved.
func (k *KnownGroups) Note(group string, is KnownAct) error {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if met, has := k.met[group]; !has || met.Version <= is.Version {
		k.met[group] = is
	}
	if k.folder == "" {
		return nil
	}
	if before, err := k.read(group); err != nil || before != nil && before.Version >= is.Version {
		return err
	}
	if err := makeFolder(k.folder); err != nil {
		return err
	}
	lock, err := tryLock(filepath.Join(k.folder, "groups.lock"))
	// Another process is writing: what is not remembered now is when the group is opened next.
	if err != nil || lock == nil {
		return err
	}
	defer lock.Release()
	if before, err := k.read(group); err != nil || before != nil && before.Version >= is.Version {
		return err
	}
	return writeJSON(k.Path(group), struct {
		Format  string `json:"format"`
		Group   string `json:"group"`
		Version uint64 `json:"version"`
		Hash    string `json:"hash"`
	}{groupFormat, group, is.Version, hex.EncodeToString(is.Hash[:])})
}
