package dashboard

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"

	"golang.org/x/crypto/bcrypt"
)

// Passwords are users and the bcrypt hashes of their passwords.
type Passwords struct {
	hashes map[string][]byte
	nobody []byte        // a hash that nothing matches, for users that do not exist
	turn   chan struct{} // one comparison at a time: bcrypt is meant to be slow

	mu       sync.Mutex
	sessions map[string]bool // cookies given out
}

// hashLength is that of a bcrypt hash, "$2y$05$" with salt and sum.
const hashLength = 60

// maxSessions bounds the cookies that are remembered; beyond it all must log in again.
const maxSessions = 1024

// ReadPasswords reads a file of lines "user:hash", as `htpasswd -B` writes them. The error
// says which line is wrong.
func ReadPasswords(path string) (*Passwords, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the password file: %w", err)
	}
	p := &Passwords{hashes: map[string][]byte{}, turn: make(chan struct{}, 1), sessions: map[string]bool{}}
	dearest := bcrypt.MinCost
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		user, hash, _ := strings.Cut(line, ":")
		cost, err := bcrypt.Cost([]byte(hash))
		if err != nil || user == "" || len(hash) != hashLength {
			return nil, fmt.Errorf("password file %s, line %d: want user:hash with a bcrypt hash; make it with htpasswd -B", path, n)
		}
		if p.hashes[user] != nil {
			return nil, fmt.Errorf("password file %s, line %d: a second line for user %q; delete one", path, n, user)
		}
		p.hashes[user] = []byte(hash)
		dearest = max(dearest, cost)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the password file %s: %w", path, err)
	}
	if len(p.hashes) == 0 {
		return nil, fmt.Errorf("password file %s has no user: add one with htpasswd -B", path)
	}
	p.nobody, err = bcrypt.GenerateFromPassword([]byte(rand.Text()), dearest)
	return p, err
}

// admit checks the cookie of an earlier login, or else HTTP basic authentication (RFC 7617).
func (p *Passwords) admit(w http.ResponseWriter, r *http.Request) bool {
	if c, err := r.Cookie(sessionCookie); err == nil && p.known(c.Value) {
		return true
	}
	user, password, ok := r.BasicAuth()
	if !ok || !p.matches(r, user, password) {
		w.Header().Set("WWW-Authenticate", `Basic realm="summarizer", charset="UTF-8"`)
		http.Error(w, "User and password are wanted.", http.StatusUnauthorized)
		return false
	}
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: p.remember(), Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode,
	})
	return true
}

// matches takes as long for a user who does not exist as for one who does.
func (p *Passwords) matches(r *http.Request, user, password string) bool {
	hash, exists := p.hashes[user]
	if !exists {
		hash = p.nobody
	}
	select {
	case p.turn <- struct{}{}:
	case <-r.Context().Done():
		return false
	}
	defer func() { <-p.turn }()
	return bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil && exists
}

func (p *Passwords) known(session string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sessions[session]
}

func (p *Passwords) remember() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.sessions) >= maxSessions {
		clear(p.sessions)
	}
	session := rand.Text()
	p.sessions[session] = true
	return session
}
