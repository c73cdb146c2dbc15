//go:build unix && !linux

package home

import (
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Record locks are a process's, so that within this one a table says what is held.
var (
	heldMutex sync.Mutex
	held      = map[string]bool{}
)

func lockRange(path string, file *os.File) (bool, error) {
	heldMutex.Lock()
	defer heldMutex.Unlock()
	if held[path] {
		return false, nil
	}
	wanted := unix.Flock_t{Type: unix.F_WRLCK, Whence: 0, Start: lockStart, Len: lockLength}
	err := unix.FcntlFlock(file.Fd(), unix.F_SETLK, &wanted)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return false, nil
	}
	held[path] = err == nil
	return err == nil, err
}

func unlockRange(path string) {
	heldMutex.Lock()
	defer heldMutex.Unlock()
	delete(held, path)
}
