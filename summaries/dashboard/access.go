package dashboard

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Access says who may look. One of Token and Passwords is set; neither where the listener is
// a Unix socket, whose file permissions decide.
type Access struct {
	// Token is a secret that is part of the first URL and becomes a cookie; see NewToken.
	Token string
	// Passwords asks for a user and password instead, over TLS; see ReadPasswords.
	Passwords *Passwords
	// AnyHost accepts every name in the Host header: for a Unix socket, where no browser can
	// be tricked into coming here under another name, and for TLS, where the certificate says
	// who we are.
	AnyHost bool
}

// NewToken makes a secret for Access, of 128 bits.
func NewToken() string { return rand.Text() }

const (
	tokenParameter = "token"
	sessionCookie  = "summarizer" // and more behind it, for a token
)

// policy is the Content-Security-Policy of every page: nothing but our own files, no inline
// script, no frame, no request to another host.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard lets requests through to next that come from somebody who may look.
func (a *Access) guard(next http.Handler) http.Handler {
	same := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		switch {
		case !a.AnyHost && !LocalHost(r.Host):
			http.Error(w, "This page is served under 127.0.0.1, [::1] and localhost only.", http.StatusMisdirectedRequest)
		case same.Check(r) != nil || foreign(r):
			http.Error(w, "Requests from other sites are refused.", http.StatusForbidden)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			http.Error(w, "This page is for reading.", http.StatusMethodNotAllowed)
		case a.Token != "" && !a.token(w, r):
		case a.Passwords != nil && !a.Passwords.admit(w, r):
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// LocalHost tells whether a Host header names this machine by a loopback address or as
// localhost. A page under a name that its owner points at 127.0.0.1 (DNS rebinding) sends
// that name.
func LocalHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// foreign tells that a browser says the request was made by a page of another site: an
// image or a fetch, not somebody who follows a link.
func foreign(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Mode") != "navigate"
}

// token checks the cookie. A URL with the right token gets the cookie, and is sent on to
// itself without the token, so that it does not stay in the history.
func (a *Access) token(w http.ResponseWriter, r *http.Request) bool {
	if given := r.URL.Query().Get(tokenParameter); a.is(given) {
		http.SetCookie(w, &http.Cookie{
			Name: a.cookie(), Value: given, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
		})
		http.Redirect(w, r, withoutToken(r.URL), http.StatusSeeOther)
		return false
	}
	if c, err := r.Cookie(a.cookie()); err == nil && a.is(c.Value) {
		return true
	}
	http.Error(w, "Open the link that summarizer printed when it started: it holds the token that lets you in.", http.StatusUnauthorized)
	return false
}

// cookie is a name of its own for each token: browsers keep the cookies of all ports of a
// host together, and two dashboards of one machine would put each other's out.
func (a *Access) cookie() string {
	sum := sha256.Sum256([]byte(a.Token))
	return sessionCookie + "-" + hex.EncodeToString(sum[:4])
}

func (a *Access) is(given string) bool {
	return subtle.ConstantTimeCompare([]byte(given), []byte(a.Token)) == 1
}

// withoutToken is the path and query of u: never a URL that leads elsewhere.
func withoutToken(u *url.URL) string {
	q := u.Query()
	q.Del(tokenParameter)
	clean := url.URL{Path: "/" + strings.TrimLeft(u.Path, "/\\"), RawQuery: q.Encode()}
	return clean.String()
}
