package crypt_test

import (
	"bytes"
	"testing"

	"atedb.example/go/internal/crypt"
	"atedb.example/go/internal/vectors"
)

type hex = vectors.Hex

func TestTagged(t *testing.T) {
	for _, one := range vectors.List[struct {
		Tag         string
		Input, Hash hex
	}](t, "hashes", "tagged") {
		if hash := crypt.Tagged(one.Tag, one.Input); !bytes.Equal(hash[:], one.Hash) {
			t.Errorf("%s of %x is %x", one.Tag, one.Input, hash)
		}
	}
}

type hpkeCase struct {
	KEM             uint32
	Seed, PublicKey hex
	Info, AAD       hex
	Plaintext       *hex
	Sealed          hex
	Why             string
}

func TestHPKE(t *testing.T) {
	for _, list := range []string{"hpke", "badHpke"} {
		for _, one := range vectors.List[hpkeCase](t, "key-wraps", list) {
			kem := crypt.KEMOf(one.KEM)
			key, err := crypt.NewKEMKey(kem, one.Seed)
			if err != nil {
				t.Fatal(err)
			}
			opened, ok := key.HPKEOpen(one.Info, one.AAD, one.Sealed)
			if ok != (list == "hpke") || ok && !bytes.Equal(opened, *one.Plaintext) {
				t.Errorf("%s: %v %x", one.Why, ok, opened)
			}
			if list != "hpke" {
				continue
			}
			if !bytes.Equal(key.PublicKey(), one.PublicKey) || kem.KeyFault(one.PublicKey) != "" {
				t.Error("the public key is another")
			}
			sealed, err := kem.HPKESeal(one.PublicKey, one.Info, one.AAD, *one.Plaintext)
			if err != nil {
				t.Fatal(err)
			}
			if opened, ok := key.HPKEOpen(one.Info, one.AAD, sealed); !ok || !bytes.Equal(opened, *one.Plaintext) {
				t.Error("what was sealed here doesn't open")
			}
		}
	}
}

func TestPadding(t *testing.T) {
	for _, one := range vectors.List[struct{ Length, Padded int }](t, "sealed-data", "padme") {
		if is := crypt.PadmeLength(one.Length); is != one.Padded {
			t.Errorf("%d is padded to %d, not %d", one.Length, is, one.Padded)
		}
	}
	for _, one := range vectors.List[struct {
		Rule         string
		Text, Padded hex
	}](t, "sealed-data", "paddings") {
		if padded := crypt.Pad(one.Text, one.Rule == "padme"); !bytes.Equal(padded, one.Padded) {
			t.Errorf("%x is padded to %x", one.Text, padded)
		}
		if text, ok := crypt.Unpad(one.Padded); !ok || !bytes.Equal(text, one.Text) {
			t.Errorf("the text in %x is %x", one.Padded, text)
		}
	}
	for _, one := range vectors.List[struct{ Padded hex }](t, "sealed-data", "badPaddings") {
		if text, ok := crypt.Unpad(one.Padded); ok {
			t.Errorf("%x is the text in %x", text, one.Padded)
		}
	}
}
