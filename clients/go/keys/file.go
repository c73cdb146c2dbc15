package keys

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"time"

	"atedb.example/go/fault"
	"atedb.example/go/internal/crypt"
)

const fileFormat = "atedb-key-1"

// Costs of making a key of a passphrase: Argon2id, RFC 9106.
type Costs struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// Payable reports whether the costs can be, and aren't beyond what could take the whole machine.
func (c Costs) Payable() bool {
	return c.Lanes >= 1 && c.Lanes <= lanesMax && c.Passes >= 1 && c.Passes <= passesMax && c.MemoryKiB >= 8*uint32(c.Lanes) && c.MemoryKiB <= memoryMax
}

// DefaultCosts are the RFC's second recommendation.
var DefaultCosts = Costs{MemoryKiB: 65_536, Passes: 3, Lanes: 4}

const (
	memoryMax, passesMax, lanesMax = 1_048_576, 64, 16
	saltBytes                      = 16
)

// keyFile is a key file as JSON.
type keyFile struct {
	Format    string      `json:"format"`
	Suite     string      `json:"suite"`
	Public    string      `json:"public"`
	KEM       string      `json:"kem,omitempty"`
	KEMPublic string      `json:"kemPublic,omitempty"`
	Created   string      `json:"created"`
	Seed      string      `json:"seed,omitempty"`
	KEMSeed   string      `json:"kemSeed,omitempty"`
	Sealed    *sealedSeed `json:"sealed,omitempty"`
}

type sealedSeed struct {
	KDF       string `json:"kdf"`
	MemoryKiB uint32 `json:"memoryKib"`
	Passes    uint32 `json:"passes"`
	Lanes     uint32 `json:"lanes"`
	Salt      string `json:"salt"`
	Cipher    string `json:"cipher"`
	Data      string `json:"data"`
}

// A File is what a key file says: the public key at once, the pair when it is opened.
type File struct {
	Public  *Public
	Created time.Time
	// Sealed: a passphrase is needed to open it.
	Sealed bool

	pair   *Pair
	sealed *sealedSeed
	salt   []byte
	data   []byte
}

// ParseFile reads the text of a key file. What isn't sealed is opened and compared with the public key at once. The error is UNSUPPORTED
// for a newer format or an unknown suite, and REQUEST_INVALID for anything else that is not a whole and unaltered key file; no message
// shows any of the text, which may be a secret.
func ParseFile(text []byte) (*File, error) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil || fields == nil {
		return nil, damaged("it is no JSON object")
	}
	var format string
	if json.Unmarshal(fields["format"], &format) != nil || format != fileFormat {
		return nil, unsupported("its format is not \"" + fileFormat + "\"")
	}
	var file keyFile
	// The parser's own message quotes the text, so it is left out.
	if json.Unmarshal(text, &file) != nil {
		return nil, damaged("one of its fields is of another kind")
	}
	created, err := time.Parse(time.RFC3339, file.Created)
	if err != nil {
		return nil, damaged("\"created\" is not a time as in 2026-01-31T12:00:00Z")
	}
	public, err := parsePublicHalf(&file)
	if err != nil {
		return nil, err
	}
	read := &File{Public: public, Created: created, Sealed: file.Sealed != nil, sealed: file.Sealed}
	_, hasSealed := fields["sealed"]
	if !hasSealed {
		read.pair, err = parseSeeds(&file, public)
		return read, err
	}
	if _, hasSeed := fields["seed"]; hasSeed || file.KEMSeed != "" {
		return nil, damaged("it is sealed, and has a seed in clear")
	}
	return read, read.parseSealed()
}

func parsePublicHalf(file *keyFile) (*Public, error) {
	suite := crypt.SuiteNamed(file.Suite)
	if suite == nil {
		return nil, unsupported("its suite is not \"mldsa65-ed25519\" or \"mldsa44-ed25519\"")
	}
	key, err := decode(file.Public, suite.PublicKeyBytes(), "public")
	if err != nil {
		return nil, err
	}
	if file.KEM == "" && file.KEMPublic == "" && file.KEMSeed == "" {
		return NewPublic(suite.Number, key, nil)
	}
	if file.KEM != crypt.KEMSuiteName {
		return nil, unsupported("its kem is not \"" + crypt.KEMSuiteName + "\"")
	}
	kem, err := decode(file.KEMPublic, 1216, "kemPublic")
	if err != nil {
		return nil, err
	}
	return NewPublic(suite.Number, key, kem)
}

func parseSeeds(file *keyFile, public *Public) (*Pair, error) {
	seed, err := decode(file.Seed, crypt.SeedBytes, "seed")
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	var kemSeed []byte
	if public.kem != nil {
		if kemSeed, err = decode(file.KEMSeed, crypt.KEMSeedBytes, "kemSeed"); err != nil {
			return nil, err
		}
		defer clear(kemSeed)
	}
	return pairOf(public, seed, kemSeed)
}

func pairOf(public *Public, seed, kemSeed []byte) (*Pair, error) {
	pair, err := FromSeed(public.suite, seed, kemSeed)
	if err != nil {
		return nil, err
	}
	if err := sameKey(pair, public); err != nil {
		return nil, damaged(fault.Text(err))
	}
	return pair, nil
}

func (f *File) seedsBytes() int {
	if f.Public.kem == nil {
		return crypt.SeedBytes
	}
	return crypt.SeedBytes + crypt.KEMSeedBytes
}

func (f *File) parseSealed() (err error) {
	sealed := f.sealed
	switch {
	case sealed == nil:
		return damaged("\"sealed\" is not a JSON object")
	case sealed.KDF != "argon2id":
		return unsupported("its kdf is not \"argon2id\"")
	case sealed.Cipher != "aes-256-gcm":
		return unsupported("its cipher is not \"aes-256-gcm\"")
	case sealed.Lanes > lanesMax || !(Costs{sealed.MemoryKiB, sealed.Passes, uint8(sealed.Lanes)}).Payable():
		return damaged("its costs are not ones that are paid")
	}
	if f.salt, err = decode(sealed.Salt, saltBytes, "salt"); err != nil {
		return err
	}
	f.data, err = decode(sealed.Data, f.seedsBytes()+crypt.TagBytes, "data")
	return err
}

// Open gives the pair. A file that isn't sealed needs no passphrase. The error is REQUEST_INVALID where it is wrong or missing.
func (f *File) Open(passphrase string) (*Pair, error) {
	if f.pair != nil {
		return f.pair, nil
	}
	if passphrase == "" {
		return nil, fault.New(fault.RequestInvalid, "the key %s is sealed with a passphrase, and none was given", f.Public).With("field", "passphrase")
	}
	key := passphraseKey(passphrase, f.salt, Costs{f.sealed.MemoryKiB, f.sealed.Passes, uint8(f.sealed.Lanes)})
	defer clear(key)
	seeds, ok := crypt.OpenOnce(key, keyFileAAD(f.Public), f.data)
	if !ok {
		return nil, fault.New(fault.RequestInvalid, "the passphrase is not that of the key %s, or its file was changed", f.Public).With("field", "passphrase")
	}
	defer clear(seeds)
	var kemSeed []byte
	if f.Public.kem != nil {
		kemSeed = seeds[crypt.SeedBytes:]
	}
	return pairOf(f.Public, seeds[:crypt.SeedBytes], kemSeed)
}

// FormatFile is the text of a key file. With an empty passphrase it is a secret; costs of zero are DefaultCosts.
func FormatFile(pair *Pair, created time.Time, passphrase string, costs Costs) []byte {
	public := pair.public
	file := keyFile{Format: fileFormat, Suite: suiteName(public.suite), Public: encode(public.key), Created: created.UTC().Format("2006-01-02T15:04:05.000Z")}
	seed, kemSeed := pair.Seed(), pair.KEMSeed()
	defer clear(seed)
	defer clear(kemSeed)
	if public.kem != nil {
		file.KEM, file.KEMPublic = crypt.KEMSuiteName, encode(public.kem)
	}
	if passphrase == "" {
		file.Seed = encode(seed)
		if public.kem != nil {
			file.KEMSeed = encode(kemSeed)
		}
	} else {
		file.Sealed = sealSeeds(public, append(append([]byte(nil), seed...), kemSeed...), passphrase, costs)
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		panic(err)
	}
	return append(text, '\n')
}

func sealSeeds(public *Public, seeds []byte, passphrase string, costs Costs) *sealedSeed {
	defer clear(seeds)
	if costs == (Costs{}) {
		costs = DefaultCosts
	}
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt)
	// A fresh salt makes a key that seals nothing else.
	key := passphraseKey(passphrase, salt, costs)
	defer clear(key)
	data := crypt.SealOnce(key, keyFileAAD(public), seeds)
	return &sealedSeed{"argon2id", costs.MemoryKiB, costs.Passes, uint32(costs.Lanes), encode(salt), "aes-256-gcm", encode(data)}
}

func passphraseKey(passphrase string, salt []byte, costs Costs) []byte {
	return crypt.PassphraseKey(passphrase, salt, costs.Passes, costs.MemoryKiB, costs.Lanes)
}

// keyFileAAD ties sealed seeds to their key: those of another file don't open in this one.
func keyFileAAD(public *Public) []byte {
	return append([]byte(crypt.TagKeyFile), public.fingerprint[:]...)
}

func suiteName(number int) string {
	suite, err := crypt.SuiteOf(number)
	if err != nil {
		panic(err)
	}
	return suite.Name
}

func encode(bytes []byte) string { return base64.StdEncoding.EncodeToString(bytes) }

func decode(text string, length int, name string) ([]byte, error) {
	bytes, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(bytes) != length || encode(bytes) != text {
		// It may be a secret that was only cut short.
		clear(bytes)
		return nil, fault.New(fault.RequestInvalid, "this is not a key file that can be used: %q is not %d bytes in base64", name, length)
	}
	return bytes, nil
}

func damaged(why string) error {
	return fault.New(fault.RequestInvalid, "this is not a key file that can be used: %s", why)
}

func unsupported(why string) error {
	return fault.New(fault.Unsupported, "this is not a key file that can be used: %s; a newer atedb may read it", why)
}
