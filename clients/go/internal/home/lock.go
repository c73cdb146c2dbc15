package home

import (
	"os"
	"time"

	"atedb.example/go/fault"
)

// The other clients' locks are SQLite's, which are byte ranges of an otherwise empty file: whoever holds the exclusive one has a write lock
// on all bytes from its PENDING_BYTE on.
const (
	lockStart  = 0x40000000
	lockLength = 2 + 510
)

// A Lock that this process holds. The kernel releases it when the process ends, however it ends.
type Lock struct {
	file *os.File
	path string
}

// tryLock takes the lock that the file at path stands for; nil where another process, or this one, holds it.
func tryLock(path string) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, storageFailed("cannot lock "+path, err)
	}
	taken, err := lockRange(path, file)
	if err != nil || !taken {
		_ = file.Close()
		if err != nil {
			return nil, storageFailed("cannot lock "+path, err)
		}
		return nil, nil
	}
	return &Lock{file, path}, nil
}

// waitLock takes the lock when it is free; the others hold it for moments.
func waitLock(path string) (*Lock, error) {
	for range 200 {
		lock, err := tryLock(path)
		if lock != nil || err != nil {
			return lock, err
		}
		time.Sleep(25 * time.Millisecond)
	}
	return nil, fault.New(fault.StorageFailed, "another process holds %s for too long", path).With("path", path)
}

// Release gives the lock up. The file stays, since deleting it would be a race.
func (l *Lock) Release() {
	if l != nil {
		unlockRange(l.path)
		_ = l.file.Close()
	}
}
