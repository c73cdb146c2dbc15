// Package home has what a client keeps in the home folder of its user, in the same files as every other atedb client: keys, the servers
// that were met, what was verified of chains, and where writers stand. docs/client.md, "What is kept in the home folder".
package home

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"atedb.example/go/fault"
	"atedb.example/go/internal/strict"
)

// Default is the home folder: ATE_HOME, else ~/.ate.
func Default() (string, error) {
	if named := os.Getenv("ATE_HOME"); named != "" {
		return filepath.Abs(named)
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return "", fault.New(fault.StorageFailed, "there is no home folder: %v. Name one by ATE_HOME", err).From(err)
	}
	return filepath.Join(user, ".ate"), nil
}

const (
	folderMode = 0o700
	fileMode   = 0o600
)

func storageFailed(what string, err error) *fault.Error {
	return fault.New(fault.StorageFailed, "%s: %v", what, err).From(err)
}

// makeFolder makes a folder and those above it, with their names durable.
func makeFolder(path string) error {
	var missing []string
	for at := path; ; at = filepath.Dir(at) {
		if info, err := os.Stat(at); err == nil && info.IsDir() {
			break
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return storageFailed("cannot make the folder "+path, err)
		}
		missing = append(missing, at)
		if at == filepath.Dir(at) {
			break
		}
	}
	for i := len(missing) - 1; i >= 0; i-- {
		// Another process may have made it a moment ago; its name is synced all the same.
		if err := os.Mkdir(missing[i], folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
			return storageFailed("cannot make the folder "+path, err)
		}
		if err := syncFolder(filepath.Dir(missing[i])); err != nil {
			return storageFailed("cannot make the folder "+path, err)
		}
	}
	return nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// writeFile writes a small file so that, after a crash at any moment, its path names either what was there before or all of it, and both
// the file and its name are durable. A file that is there is refused with fs.ErrExist where it isn't to be replaced.
func writeFile(path string, content []byte, replace bool) error {
	var random [6]byte
	_, _ = rand.Read(random[:])
	folder := filepath.Dir(path)
	temporary := filepath.Join(folder, "."+filepath.Base(path)+"."+hex.EncodeToString(random[:])+".tmp")
	err := writeNew(temporary, content)
	if err == nil && replace {
		err = os.Rename(temporary, path)
	} else if err == nil {
		// A link, unlike a rename, fails when the name is taken, so that two processes cannot both win.
		if err = os.Link(temporary, path); err == nil {
			err = os.Remove(temporary)
		}
	}
	if err != nil {
		_ = os.Remove(temporary)
		return storageFailed("cannot write "+path, err)
	}
	if err := syncFolder(folder); err != nil {
		return storageFailed("cannot write "+path, err)
	}
	return nil
}

func writeNew(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Sync(), file.Close())
}

// readJSON reads a small JSON file of our own into fields; false where there is no file. The error is STORAGE_FAILED where it can't be
// read or isn't of this format.
func readJSON(path, format string) (fields map[string]any, found bool, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, storageFailed("cannot read "+path, err)
	}
	if json.Unmarshal(text, &fields) != nil || fields["format"] != format {
		return nil, false, unusable(path, "it is not JSON of the format "+strconv.Quote(format))
	}
	return fields, true, nil
}

func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		panic(err)
	}
	return writeFile(path, append(text, '\n'), true)
}

func hexField(path string, fields map[string]any, name string, size int) ([]byte, error) {
	digits, _ := fields[name].(string)
	value, err := hex.DecodeString(digits)
	if err != nil || len(value) != size || hex.EncodeToString(value) != digits {
		return nil, unusable(path, strconv.Quote(name)+" is not "+strconv.Itoa(size)+" bytes in hexadecimal")
	}
	return value, nil
}

func countField(path string, fields map[string]any, name string) (uint64, error) {
	number, isNumber := fields[name].(float64)
	if !isNumber || number < 0 || number > strict.IntegerMax || number != float64(uint64(number)) {
		return 0, unusable(path, strconv.Quote(name)+" is not a whole number")
	}
	return uint64(number), nil
}

func unusable(path, why string) error {
	return fault.New(fault.StorageFailed, "%s can't be used: %s. If it was damaged, delete it: what it holds is learned again", path, why).With("path", path)
}
