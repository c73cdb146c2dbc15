package home

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"atedb.example/go/fault"
	"atedb.example/go/keys"
)

// DefaultKey is the name of the key that is used when none is named.
const DefaultKey = "default"

const keyFileBytesMax = 65_536

var keyName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

func keyPath(home, name string) (string, error) {
	if !keyName.MatchString(name) {
		return "", fault.New(fault.RequestInvalid, "%q cannot be the name of a key: use 1 to 63 of a-z, 0-9, \".\", \"_\" and \"-\", with a letter or digit first", name).With("name", name)
	}
	return filepath.Join(home, "keys", name+".key"), nil
}

// LoadKey reads the key of a name; nil where there is none. passphrase is asked for only where the key is sealed, and may be nil.
func LoadKey(home, name string, passphrase func() (string, error)) (*keys.Pair, error) {
	path, err := keyPath(home, name)
	if err != nil {
		return nil, err
	}
	text, err := ReadPrivate(path, "key file", keyFileBytesMax)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer clear(text)
	file, err := keys.ParseFile(text)
	if err != nil {
		return nil, inFile(path, err)
	}
	given := ""
	if file.Sealed && passphrase != nil {
		if given, err = passphrase(); err != nil {
			return nil, err
		}
	}
	pair, err := file.Open(given)
	if err != nil {
		return nil, inFile(path, err)
	}
	return pair, nil
}

func inFile(path string, err error) error {
	found := fault.Of(err)
	return fault.New(found.Reason, "%s: %s", path, found.Message).With("path", path).From(err)
}

// CreateKey makes a new key of a name. Of two processes that do so at once both get the one that is there in the end.
func CreateKey(home, name string) (pair *keys.Pair, path string, err error) {
	if path, err = keyPath(home, name); err != nil {
		return nil, "", err
	}
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return nil, "", err
	}
	if pair, err = keys.Generate(); err != nil {
		return nil, "", err
	}
	text := keys.FormatFile(pair, time.Now(), "", keys.Costs{})
	defer clear(text)
	if err := writeFile(path, text, false); errors.Is(err, fs.ErrExist) {
		pair, err = LoadKey(home, name, nil)
		return pair, path, err
	} else if err != nil {
		return nil, "", err
	}
	return pair, path, nil
}

// ReadPrivate reads a file that only its owner may read. The error is REQUEST_INVALID when others may read it, or it is too large;
// STORAGE_FAILED where it can't be read, with what the system says inside.
func ReadPrivate(path, what string, bytesMax int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, storageFailed("cannot read the "+what+" "+path, err)
	case info.Size() > bytesMax:
		return nil, fault.New(fault.RequestInvalid, "%s is not a %s that can be used: it is %d bytes long", path, what, info.Size()).With("path", path)
	case info.Mode().Perm()&0o077 != 0 && ownedByUs(info):
		return nil, fault.New(fault.RequestInvalid, "%s is open to other users (mode %04o), so it is no secret. If nobody has read it, close it with: chmod 600 %s", path, info.Mode().Perm(), path).With("path", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, storageFailed("cannot read the "+what+" "+path, err)
	}
	return text, nil
}
