package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/crypto/bcrypt"

	"summarizer/summaries/store"
)

func TestTokenFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history.db.token")
	made, err := readToken(file)
	if err != nil || len(made) < shortestToken {
		t.Fatal(made, err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if again, err := readToken(file); err != nil || again != made {
		t.Errorf("%q, then %q: %v", made, again, err)
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// A file that others may know, or have put there, is not trusted, and left as it is.
func TestTokenFileOfOthers(t *testing.T) {
	secret := strings.Repeat("A", 26) + "\n"
	for name, make := range map[string]func(file string) error{
		"readable by the group": func(file string) error {
			return errors.Join(os.WriteFile(file, []byte(secret), 0o600), os.Chmod(file, 0o640))
		},
		"writable by all": func(file string) error {
			return errors.Join(os.WriteFile(file, []byte(secret), 0o600), os.Chmod(file, 0o602))
		},
		"a symbolic link": func(file string) error {
			return errors.Join(os.WriteFile(file+".real", []byte(secret), 0o600), os.Symlink(file+".real", file))
		},
		"a link to nothing": func(file string) error { return os.Symlink(file+".none", file) },
		"a directory":       func(file string) error { return os.Mkdir(file, 0o700) },
		"too short":         func(file string) error { return os.WriteFile(file, []byte("short\n"), 0o600) },
		"empty":             func(file string) error { return os.WriteFile(file, nil, 0o600) },
		"no token":          func(file string) error { return os.WriteFile(file, []byte("root:x:0:0:root:/root:/bin/bash\n"), 0o600) },
	} {
		file := filepath.Join(t.TempDir(), "token")
		if err := make(file); err != nil {
			t.Fatal(err)
		}
		before, _ := os.Lstat(file)
		token, err := readToken(file)
		if err == nil || token != "" || !strings.Contains(err.Error(), "delete") {
			t.Errorf("%s: %q, %v", name, token, err)
		}
		if after, err := os.Lstat(file); err != nil || after.Mode() != before.Mode() || after.Size() != before.Size() {
			t.Errorf("%s: it was changed", name)
		}
		if _, err := os.Stat(file + ".none"); err == nil {
			t.Errorf("%s: a file was made where the link leads", name)
		}
	}
}

// Whoever can be reached from elsewhere needs TLS and passwords, and says so.
func TestUnprotectedAddressesAreRefused(t *testing.T) {
	for _, o := range []web{
		{address: "0.0.0.0:0"}, {address: ":0"}, {address: "[::]:0"}, {address: "192.0.2.1:0"}, {address: "example.com:0"}, {address: "localhost.example.com:0"},
		{address: "0.0.0.0:0", cert: "c", key: "k"}, {address: "0.0.0.0:0", passwords: "p"}, {address: "0.0.0.0:0", key: "k", passwords: "p"},
		{address: "127.0.0.1:0", passwords: "p"}, {address: "127.0.0.1:0", cert: "c", key: "k"}, {address: "127.0.0.1"}, {address: "nonsense"},
		{address: "0.0.0.0:0", cert: "none", key: "none", passwords: "none"},
	} {
		l, _, err := o.listen(filepath.Join(t.TempDir(), "token"))
		if err == nil {
			l.Close()
		}
		var usage *usageError
		if !errors.As(err, &usage) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for _, address := range []string{"127.0.0.1:0", "127.1.2.3:0", "[::1]:0"} {
		o := web{address: address}
		l, a, err := o.listen(filepath.Join(t.TempDir(), "token"))
		if err != nil && strings.HasPrefix(address, "[") {
			continue // a machine without IPv6
		}
		if err != nil || len(a.Token) < shortestToken || a.AnyHost {
			t.Fatalf("%s: %v, %+v", address, err, a)
		}
		l.Close()
	}
}

// startWeb serves an empty store, and tells at which address.
func startWeb(t *testing.T, o web) (address, announced, tokenFile string) {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "history.db"), store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	var log bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetErr(&log)
	_, stop, err := o.serve(cmd, zerolog.New(&log), st, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	_, rest, _ := strings.Cut(log.String(), `"address":"`)
	address, _, _ = strings.Cut(rest, `"`)
	return address, log.String(), st.Path() + ".token"
}

func status(t *testing.T, c *http.Client, request *http.Request) int {
	t.Helper()
	r, err := c.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		t.Fatal(err)
	}
	if r.Header.Get("Content-Security-Policy") == "" {
		t.Error("an answer without a policy")
	}
	return r.StatusCode
}

func request(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLoopbackWantsTheToken(t *testing.T) {
	address, announced, file := startWeb(t, web{address: "127.0.0.1:0"})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(string(text))
	if strings.Contains(announced, token) || !strings.Contains(announced, file) {
		t.Errorf("the log says %q", announced)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if got := status(t, client, request(t, address)); got != http.StatusUnauthorized {
		t.Error(got)
	}
	if got := status(t, client, request(t, address+"?token="+token)); got != http.StatusSeeOther {
		t.Error(got)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar} // it follows, and keeps the cookie
	for _, at := range []string{address + "?token=" + token, address} {
		if got := status(t, browser, request(t, at)); got != http.StatusOK {
			t.Error(at, got)
		}
	}
}

func TestUnixSocketIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	startWeb(t, web{address: "unix:" + path})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialer(path)(ctx) }}}
	defer client.CloseIdleConnections()
	if got := status(t, client, request(t, "http://any.example/")); got != http.StatusOK {
		t.Error(got)
	}
}

// certificate writes a self-signed certificate for 127.0.0.1 and its key.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key, pool = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), x509.NewCertPool()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool.AppendCertsFromPEM(text)
	err = errors.Join(os.WriteFile(cert, text, 0o600), os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	return cert, key, pool
}

func TestTLSWithPasswords(t *testing.T) {
	cert, key, pool := certificate(t)
	hash, err := bcrypt.GenerateFromPassword([]byte("correct horse"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	passwords := filepath.Join(t.TempDir(), "passwords")
	if err := os.WriteFile(passwords, append([]byte("ann:"), hash...), 0o600); err != nil {
		t.Fatal(err)
	}
	address, _, token := startWeb(t, web{address: "0.0.0.0:0", cert: cert, key: key, passwords: passwords})
	if _, err := os.Stat(token); err == nil {
		t.Error("a token was made that lets nobody in")
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(address, err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	url := "https://127.0.0.1:" + port + "/"
	if got := status(t, client, request(t, url)); got != http.StatusUnauthorized {
		t.Error(got)
	}
	r := request(t, url)
	r.SetBasicAuth("ann", "correct horse")
	if got := status(t, client, r); got != http.StatusOK {
		t.Error(got)
	}
	if _, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil { //nolint:gosec // it must be refused
		t.Error("TLS 1.1 was accepted")
	}
}
