package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/pflag"

	"summarizer/summaries/dashboard"
)

// admin is the listener for operators: metrics, and profiles where asked for. It is off
// unless it has an address, and has no other than a loopback one or a Unix socket: what it
// serves has no password.
type admin struct {
	address string
	pprof   bool
}

func (a *admin) flags(flags *pflag.FlagSet) {
	flags.StringVar(&a.address, "admin", "", "serve /metrics at this `address`: 127.0.0.1:PORT, [::1]:PORT or unix:PATH (default: nowhere)")
	flags.BoolVar(&a.pprof, "admin-pprof", false, "serve /debug/pprof/ there too")
}

// serve answers until the returned function is called. Without an address it does nothing.
func (a *admin) serve(registry *prometheus.Registry) (stop func(), err error) {
	if a.address == "" {
		return func() {}, nil
	}
	l, err := a.listen()
	if err != nil {
		return nil, err
	}
	server := &http.Server{
		Handler:           a.handler(registry),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      2 * time.Minute, // a CPU profile takes 30 s
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends with ErrServerClosed
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close() // somebody is still reading a profile
		}
		<-done
	}, nil
}

func (a *admin) listen() (net.Listener, error) {
	if path, ok := strings.CutPrefix(a.address, "unix:"); ok {
		return listenPrivately("--admin", path)
	}
	host, _, err := net.SplitHostPort(a.address)
	if err != nil {
		return nil, usagef("--admin: %w: give 127.0.0.1:PORT, [::1]:PORT or unix:PATH", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, usagef("--admin: %q is no loopback address: what is served there has no password; give 127.0.0.1:PORT, [::1]:PORT or unix:PATH", host)
	}
	l, err := net.Listen("tcp", a.address)
	if err != nil {
		return nil, usagef("--admin: %w: choose another port", err)
	}
	return l, nil
}

// listenPrivately makes a Unix socket that only the own user and root may open. The socket
// of a process that died is replaced, a file that is none is not.
func listenPrivately(flag, path string) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil {
		if info.Mode()&os.ModeSocket == 0 {
			return nil, usagef("%s: %s exists and is no socket: choose another path", flag, path)
		}
		if c, err := net.Dial("unix", path); err == nil {
			return nil, errors.Join(usagef("%s: another process answers at %s: choose another path", flag, path), c.Close())
		}
		if err := os.Remove(path); err != nil {
			return nil, usagef("%s: %w", flag, err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, usagef("%s: %w: the directory must exist, and the path be short", flag, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", flag, err), l.Close())
	}
	return l, nil
}

func (a *admin) handler(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	if a.pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	}
	return onlyLocalNames(mux)
}

// onlyLocalNames refuses requests that a web page made under a name that its owner points at
// 127.0.0.1 (DNS rebinding): their Host is that name.
func onlyLocalNames(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		overUnix := r.Context().Value(http.LocalAddrContextKey).(net.Addr).Network() == "unix"
		if !overUnix && !dashboard.LocalHost(r.Host) {
			http.Error(w, "ask for 127.0.0.1 or localhost", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
