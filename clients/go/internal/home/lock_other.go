//go:build !unix

package home

import (
	"os"

	"atedb.example/go/fault"
)

// lockRange has no locks here that other clients would see.
func lockRange(path string, _ *os.File) (bool, error) {
	return false, fault.New(fault.Unsupported, "%s can't be locked on this system: connect without a home folder", path)
}

func unlockRange(string) {}
