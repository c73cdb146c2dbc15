package keys_test

import (
	"bytes"
	"errors"
	"testing"

	"atedb.example/go/fault"
	"atedb.example/go/internal/strict"
	"atedb.example/go/internal/vectors"
	"atedb.example/go/keys"
)

type hex = vectors.Hex

type keyCase struct {
	Suite, KEMSuite int
	Seed, KEMSeed   hex
	PublicKey       hex
	KEMPublicKey    hex
	Key, KEMKey     hex
	Message         hex
	Fingerprint     string
	Text, Why       string
	Reason          fault.Reason
}

func TestKeys(t *testing.T) {
	for _, one := range vectors.List[keyCase](t, "keys", "good") {
		pair, err := keys.FromSeed(one.Suite, one.Seed, one.KEMSeed)
		if err != nil {
			t.Fatal(err)
		}
		public := pair.Public()
		if public.String() != one.Fingerprint || !bytes.Equal(public.Message(), one.Message) || public.Text() != one.Text {
			t.Errorf("the key of suite %d is %s", one.Suite, public)
		}
		if !bytes.Equal(public.Bytes(), one.PublicKey) || !bytes.Equal(public.KEM(), one.KEMPublicKey) {
			t.Errorf("the key of suite %d has other parts", one.Suite)
		}
		if !bytes.Equal(pair.Seed(), one.Seed) || !bytes.Equal(pair.KEMSeed(), one.KEMSeed) {
			t.Error("its seeds are others")
		}
		for _, parse := range []func() (*keys.Public, error){
			func() (*keys.Public, error) { return keys.ParsePublic(one.Message) },
			func() (*keys.Public, error) { return keys.ParsePublicText("\n" + one.Text + " \n") },
		} {
			if again, err := parse(); err != nil || again.Fingerprint() != public.Fingerprint() {
				t.Error(err)
			}
		}
	}
	for _, one := range vectors.List[keyCase](t, "keys", "bad") {
		message := new(strict.Writer).Varint(1, uint64(one.Suite)).Bytes(2, one.Key).Varint(3, uint64(one.KEMSuite)).Bytes(4, one.KEMKey).Finish()
		if _, err := keys.ParsePublic(message); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v", one.Why, err)
		}
	}
	for _, one := range vectors.List[keyCase](t, "keys", "badTexts") {
		if _, err := keys.ParsePublicText(one.Text); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v", one.Why, err)
		}
	}
}

type fileCase struct {
	What, Why, Text, Passphrase string
	Seed, KEMSeed               hex
	Fingerprint                 string
	Reason                      fault.Reason
}

func TestKeyFiles(t *testing.T) {
	open := func(one fileCase) (*keys.Pair, error) {
		file, err := keys.ParseFile([]byte(one.Text))
		if err != nil {
			return nil, err
		}
		return file.Open(one.Passphrase)
	}
	for _, one := range vectors.List[fileCase](t, "key-files", "good") {
		pair, err := open(one)
		if err != nil {
			t.Fatalf("%s: %v", one.What, err)
		}
		if pair.String() != one.Fingerprint || !bytes.Equal(pair.Seed(), one.Seed) || !bytes.Equal(pair.KEMSeed(), one.KEMSeed) {
			t.Errorf("%s: it is the key %s", one.What, pair)
		}
		file, _ := keys.ParseFile([]byte(one.Text))
		text := keys.FormatFile(pair, file.Created, one.Passphrase, keys.Costs{MemoryKiB: 64, Passes: 1, Lanes: 1})
		again, err := open(fileCase{Text: string(text), Passphrase: one.Passphrase})
		if err != nil || again.String() != one.Fingerprint {
			t.Errorf("%s: %v", one.What, err)
		}
		if one.Passphrase == "" && string(text) != one.Text {
			t.Errorf("%s: it is written in another way", one.What)
		}
	}
	for _, one := range vectors.List[fileCase](t, "key-files", "bad") {
		if _, err := open(one); !errors.Is(err, one.Reason) {
			t.Errorf("%s: %v", one.Why, err)
		}
	}
}

type signatureCase struct {
	Key                int
	Context            string
	Message, Signature hex
	What               string
}

func TestSignatures(t *testing.T) {
	var public []*keys.Public
	for _, one := range vectors.List[struct{ Key hex }](t, "signatures", "keys") {
		key, err := keys.ParsePublic(one.Key)
		if err != nil {
			t.Fatal(err)
		}
		public = append(public, key)
	}
	for _, list := range []string{"good", "bad"} {
		for _, one := range vectors.List[signatureCase](t, "signatures", list) {
			if good := public[one.Key].Verify(one.Context, one.Message, one.Signature); good != (list == "good") {
				t.Errorf("%s: %v", one.What, good)
			}
		}
	}
}

func TestSign(t *testing.T) {
	for _, suite := range []int{keys.MLDSA65Ed25519, keys.MLDSA44Ed25519} {
		pair, err := keys.Generate(suite)
		if err != nil {
			t.Fatal(err)
		}
		signature := pair.Sign("a context", []byte("a message"))
		if !pair.Public().Verify("a context", []byte("a message"), signature) || pair.Public().Verify("another", []byte("a message"), signature) {
			t.Error("what was signed doesn't verify, or too much does")
		}
		sealed, err := pair.Public().SealTo("info", []byte("aad"), []byte("secret"))
		if err != nil {
			t.Fatal(err)
		}
		if opened, ok := pair.Open("info", []byte("aad"), sealed); !ok || string(opened) != "secret" {
			t.Error("what was sealed doesn't open")
		}
		if _, ok := pair.Open("info", []byte("other"), sealed); ok {
			t.Error("it opens with another AAD")
		}
	}
}
