package home

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"atedb.example/go/fault"
)

const loginFormat = "atedb-login-2"

// A StoredLogin says who is logged in on this machine, as the atedb command has it.
type StoredLogin struct {
	// Account is name@domain, and Server the host:port of the auth service.
	Account string `json:"account"`
	Server  string `json:"server"`
	// Key is the name of the user's key in the home folder, and FormerKeys are those of the keys before it, the newest first.
	Key        string   `json:"key"`
	FormerKeys []string `json:"formerKeys"`
}

// ReadLogin reads who is logged in; nil: nobody is. The error is REQUEST_INVALID for a file that doesn't say that, or STORAGE_FAILED.
func ReadLogin(home string) (*StoredLogin, error) {
	path := filepath.Join(home, "login.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, storageFailed("cannot read "+path, err)
	}
	var is struct {
		Format string `json:"format"`
		StoredLogin
	}
	if json.Unmarshal(text, &is) != nil || is.Format != loginFormat || is.Key == "" {
		return nil, fault.New(fault.RequestInvalid, "%s does not say who is logged in as this version reads it. Delete it, and log in again", path).With("path", path)
	}
	return &is.StoredLogin, nil
}
