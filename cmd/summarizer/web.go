package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	stdlog "log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"summarizer/summaries/dashboard"
	"summarizer/summaries/store"
)

// web is where the dashboard is served, and to whom.
type web struct {
	address, cert, key, passwords string
}

func (o *web) flags(flags *pflag.FlagSet, address string) {
	flags.StringVar(&o.address, "dashboard", address, "serve the dashboard at this `address`: 127.0.0.1:PORT, unix:PATH, or another with TLS and passwords; off for none")
	flags.StringVar(&o.cert, "dashboard-cert", "", "`file` with the certificate chain for TLS, PEM")
	flags.StringVar(&o.key, "dashboard-key", "", "`file` with the certificate's key, PEM")
	flags.StringVar(&o.passwords, "dashboard-passwords", "", "`file` with users and passwords as htpasswd -B writes them; needs TLS")
}

func (o *web) off() bool { return o.address == "" || o.address == "off" }

// serve makes the dashboard and answers until the returned function is called.
func (o *web) serve(cmd *cobra.Command, log zerolog.Logger, st *store.Store, facts func() []dashboard.Fact) (d *dashboard.Server, stop func(), err error) {
	l, access, err := o.listen(st.Path() + ".token")
	if err != nil {
		return nil, nil, err
	}
	if d, err = dashboard.New(dashboard.Config{Store: st, Access: access, Facts: withMemory(facts)}); err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	server := &http.Server{
		Handler: d.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, // live pages and downloads get time as they go on
		IdleTimeout:  2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: stdlog.New(log, "", 0),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends with ErrServerClosed
	}()
	o.announce(cmd, log, l, access, st)
	return d, func() {
		_ = server.Close() // live pages connect again by themselves
		<-done
	}, nil
}

// withMemory are the facts, and the memory of this process.
func withMemory(facts func() []dashboard.Fact) func() []dashboard.Fact {
	return func() (all []dashboard.Fact) {
		if facts != nil {
			all = facts()
		}
		samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(samples)
		held := samples[0].Value.Uint64() - samples[1].Value.Uint64()
		return append(all, dashboard.Fact{
			Name:  "Memory of this process",
			Value: fmt.Sprintf("%.1f MiB held from the system, %.1f MiB in use", float64(held)/(1<<20), float64(samples[2].Value.Uint64())/(1<<20)),
		})
	}
}

// listen opens the listener that the address and the kind of access ask for. Whoever may not
// be kept out by the operating system is kept out by a token or a password.
func (o *web) listen(tokenFile string) (l net.Listener, a dashboard.Access, err error) {
	if path, ok := strings.CutPrefix(o.address, "unix:"); ok {
		l, err = listenPrivately("--dashboard", path)
		return l, dashboard.Access{AnyHost: true}, err
	}
	host, _, err := net.SplitHostPort(o.address)
	if err != nil {
		return nil, a, usagef("--dashboard: %w: give 127.0.0.1:PORT or unix:PATH", err)
	}
	secured := o.cert != "" && o.key != "" && o.passwords != ""
	if ip := net.ParseIP(host); !secured && (ip == nil || !ip.IsLoopback()) {
		return nil, a, usagef("--dashboard: %s can be reached from other machines: give --dashboard-cert, --dashboard-key and --dashboard-passwords too, or 127.0.0.1:PORT", o.address)
	}
	if secured {
		return o.listenTLS()
	}
	if o.cert+o.key+o.passwords != "" {
		return nil, a, usagef("--dashboard-cert, --dashboard-key and --dashboard-passwords go together: give all three or none")
	}
	if a.Token, err = readToken(tokenFile); err != nil {
		return nil, a, err
	}
	if l, err = net.Listen("tcp", o.address); err != nil {
		return nil, a, usagef("--dashboard: %w: choose another port", err)
	}
	return l, a, nil
}

func (o *web) listenTLS() (l net.Listener, a dashboard.Access, err error) {
	pair, err := tls.LoadX509KeyPair(o.cert, o.key)
	if err != nil {
		return nil, a, usagef("--dashboard-cert, --dashboard-key: %w", err)
	}
	if a.Passwords, err = dashboard.ReadPasswords(o.passwords); err != nil {
		return nil, a, &usageError{err}
	}
	a.AnyHost = true
	l, err = tls.Listen("tcp", o.address, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		return nil, a, usagef("--dashboard: %w: choose another port", err)
	}
	return l, a, nil
}

// shortestToken is how long a token is at least.
const shortestToken = 20

// readToken reads the token that an earlier start made, or makes one, so that a bookmark
// outlives a restart. Nobody but the own user may be able to read or write the file, or to
// put another in its place by a link.
func readToken(file string) (string, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return makeToken(file)
	}
	if err != nil {
		return "", usagef("reading the dashboard's token: %w: delete %s, and a new one is made", err, file)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("reading the dashboard's token: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return "", usagef("the dashboard's token in %s may be known to others (%v): delete it, and a new one is made", file, info.Mode())
	}
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return "", fmt.Errorf("reading the dashboard's token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if len(token) < shortestToken || url.QueryEscape(token) != token {
		return "", usagef("%s holds no token: delete it, and a new one is made", file)
	}
	return token, nil
}

// makeToken makes a token and keeps it. The file is there as a whole or not at all.
func makeToken(file string) (token string, err error) {
	f, err := os.CreateTemp(filepath.Dir(file), ".token-") // of mode 0600
	if err != nil {
		return "", fmt.Errorf("keeping the dashboard's token: %w", err)
	}
	token = dashboard.NewToken()
	_, err = f.WriteString(token + "\n")
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("keeping the dashboard's token: %w", err), os.Remove(f.Name()))
	}
	return token, nil
}

// announce says where the dashboard is. A log is read by more people than a terminal: it
// names the file with the token instead of the token.
func (o *web) announce(cmd *cobra.Command, log zerolog.Logger, l net.Listener, a dashboard.Access, st *store.Store) {
	at := l.Addr().String()
	switch {
	case a.Token == "":
		log.Info().Str("address", at).Msg("dashboard")
	case isTerminal(cmd.ErrOrStderr()):
		cmd.PrintErrf("dashboard: http://%s/?token=%s\n", at, a.Token)
	default:
		log.Info().Str("address", "http://"+at+"/").Str("token", st.Path()+".token").Msg("dashboard: append ?token= and the content of the token file")
	}
}
