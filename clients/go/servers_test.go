package atedb_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"atedb.example/go"
	"atedb.example/go/fault"
	atedbv1 "atedb.example/go/gen/atedb/v1"
	"atedb.example/go/internal/liveserver"
	"atedb.example/go/keys"
)

// TestEncrypted has a server that requires the tunnel.
func TestEncrypted(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a server")
	}
	server := liveserver.Start(t, "--wire-encryption", "192")
	key := newKey(t)
	t.Run("encryption", func(t *testing.T) {
		chain := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/sealed", atedb.ForAppend(), atedb.WithKey(key))
		appendTo(t, chain, text("through the tunnel"))
		for _, bits := range []atedb.Encryption{atedb.Bits128, atedb.Bits192, atedb.Bits256} {
			same(t, data(t, open(t, connect(t, server.Address(), atedb.WithoutHome(), atedb.WithEncryption(bits)), "team/sealed"), atedb.ReadOptions{}), "through the tunnel")
		}
		_, err := connect(t, server.Address(), atedb.WithoutHome(), atedb.WithEncryption(atedb.Plain)).Open(within(t), "team/sealed")
		if !errors.Is(err, fault.WireRequired) {
			t.Errorf("in clear: %v", err)
		}
	})
	t.Run("identity", func(t *testing.T) { testIdentity(t, server) })
	t.Run("stubs", func(t *testing.T) {
		stub := atedbv1.NewChainServiceClient(connect(t, server.Address(), atedb.WithoutHome()).Conn())
		described, err := stub.DescribeChain(within(t), &atedbv1.DescribeChainRequest{ChainKey: "team/sealed"})
		if err != nil || described.GetHead().GetSize() != 2 {
			t.Errorf("%v: %v", described, err)
		}
		stream, err := stub.ReadEvents(within(t), &atedbv1.ReadEventsRequest{ChainKey: "team/sealed"})
		if err != nil {
			t.Fatal(err)
		}
		if message, err := stream.Recv(); err != nil || message == nil {
			t.Errorf("%v: %v", message, err)
		}
		if _, err := stub.DescribeChain(within(t), &atedbv1.DescribeChainRequest{ChainKey: "team/nothing"}); !errors.Is(err, fault.ChainNotFound) || status.Code(err) != codes.NotFound {
			t.Errorf("of no chain: %v", err)
		}
	})
	// The last, since it ends the server.
	t.Run("killed", func(t *testing.T) { testKilled(t, server, key) })
}

func testIdentity(t *testing.T, server *liveserver.Server) {
	pin := func(fingerprint string) string { return "ate://" + server.Address() + "#" + fingerprint }
	open(t, connect(t, pin(server.Identity), atedb.WithoutHome()), "team/sealed")
	other := newKey(t).Public().Fingerprint()
	if _, err := connect(t, pin(other.Text()), atedb.WithoutHome()).Open(within(t), "team/sealed"); !errors.Is(err, fault.ServerIdentityMismatch) {
		t.Errorf("with another fingerprint: %v", err)
	}
	home := t.TempDir()
	var kinds []string
	notices := atedb.WithNotices(func(notice atedb.Notice) { kinds = append(kinds, notice.Kind) })
	open(t, connect(t, server.Address(), atedb.WithHome(home), notices), "team/sealed")
	open(t, connect(t, server.Address(), atedb.WithHome(home), notices), "team/sealed")
	same(t, kinds, "server-met")
	known := filepath.Join(home, "known_hosts")
	content, err := os.ReadFile(known)
	if err != nil || !bytes.Contains(content, []byte(server.Identity)) {
		t.Fatalf("known_hosts is %q: %v", content, err)
	}
	if printed, err := liveserver.Command(t, home, "read", "ate://"+server.Address()+"/team/sealed"); err != nil || strings.Contains(printed, "first time") {
		t.Errorf("the command meets it again: %s", printed)
	}
	writeFile(t, known, strings.ReplaceAll(string(content), server.Identity, other.Text()))
	changed := connect(t, server.Address(), atedb.WithHome(home))
	if _, err := changed.Open(within(t), "team/sealed"); !errors.Is(err, fault.ServerIdentityChanged) {
		t.Errorf("with another in known_hosts: %v", err)
	}
	plain := connect(t, server.Address(), atedb.WithHome(home), atedb.WithEncryption(atedb.Plain))
	if _, err := plain.Open(within(t), "team/sealed"); err == nil {
		t.Error("a server that is known was spoken to in clear")
	}
	fingerprint, err := keys.ParseFingerprint(strings.TrimPrefix(server.Identity, "sha256:"))
	if err != nil {
		t.Fatal(err)
	}
	if err := changed.AcceptIdentity(fingerprint); err != nil {
		t.Fatal(err)
	}
	open(t, connect(t, server.Address(), atedb.WithHome(home)), "team/sealed")
}

// testKilled appends and follows while the server is killed and started again, again and again: each event comes once, in order.
func testKilled(t *testing.T, server *liveserver.Server, key *keys.Pair) {
	home := t.TempDir()
	writer := open(t, connect(t, server.Address(), atedb.WithHome(home)), "team/killed", atedb.ForAppend(), atedb.WithKey(key))
	appendTo(t, writer, text("0"))
	reader := open(t, connect(t, server.Address(), atedb.WithoutHome()), "team/killed")
	const kills, least = 3, 60
	ctx, stop := context.WithCancel(within(t))
	defer stop()
	came := make(chan string, 4096)
	followed := make(chan error, 1)
	go func() {
		for is, err := range reader.Subscribe(ctx, atedb.SubscribeOptions{From: 1}) {
			if err != nil {
				followed <- err
				return
			}
			came <- string(is.Data)
		}
	}()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range kills {
			time.Sleep(500 * time.Millisecond)
			server.Kill()
			server.Start()
		}
	}()
	count := 1
	var waiting []*atedb.Pending
	for isOver := false; !isOver || count < least; count++ {
		pending, err := writer.Enqueue(within(t), atedb.Conditions{}, text(fmt.Sprint(count)))
		if err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, pending)
		time.Sleep(10 * time.Millisecond)
		select {
		case <-ended:
			isOver = true
		default:
		}
	}
	for at, pending := range waiting {
		if _, err := pending.Wait(within(t)); err != nil {
			t.Fatalf("append %d: %v", at+1, err)
		}
	}
	for due := range count {
		select {
		case is := <-came:
			if is != fmt.Sprint(due) {
				t.Fatalf("%s came where %d was due", is, due)
			}
		case err := <-followed:
			t.Fatal(err)
		case <-time.After(time.Minute):
			t.Fatalf("%d did not come", due)
		}
	}
	stop()
	if all := data(t, writer, atedb.ReadOptions{}); len(all) != count {
		t.Errorf("there are %d events, not %d", len(all), count)
	}
	if slots := slotsIn(t, home); len(slots) != 1 {
		t.Errorf("it went on as another writer: %q", slots)
	}
	t.Logf("%d appends over %d kills", count, kills)
}

func TestTLS(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a server")
	}
	certificate, key, trusted := selfSigned(t)
	server := liveserver.Start(t, "--", "--tls-cert", certificate, "--tls-key", key)
	pool := x509.NewCertPool()
	pool.AddCert(trusted)
	with := atedb.WithTLS(&tls.Config{RootCAs: pool})
	writer := newKey(t)
	chain := open(t, connect(t, server.Address(), atedb.WithoutHome(), with), "team/tls", atedb.ForAppend(), atedb.WithKey(writer))
	appendTo(t, chain, text("over TLS"))
	same(t, data(t, chain, atedb.ReadOptions{}), "over TLS")
	_, err := connect(t, server.Address(), atedb.WithoutHome(), atedb.WithTLS(&tls.Config{})).Open(within(t), "team/tls")
	if !errors.Is(err, fault.TLSFailed) {
		t.Errorf("an authority that isn't trusted: %v", err)
	}
	if _, err := connect(t, server.Address(), atedb.WithoutHome()).Open(within(t), "team/tls"); !errors.Is(err, fault.TLSRequired) && !errors.Is(err, fault.ConnectionFailed) {
		t.Errorf("without TLS: %v", err)
	}
}

func selfSigned(t *testing.T) (certificateFile, keyFile string, parsed *x509.Certificate) {
	t.Helper()
	pair, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, pair.Public(), pair)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(pair)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	certificateFile, keyFile = filepath.Join(folder, "server.pem"), filepath.Join(folder, "server.key")
	writeFile(t, certificateFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	writeFile(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	parsed, err = x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificateFile, keyFile, parsed
}
