package dashboard

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// inside is what a guard protects: it counts who got in.
type inside struct {
	http.Handler
	entered int
}

func behind(a Access) *inside {
	in := &inside{}
	in.Handler = a.guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		in.entered++
		w.WriteHeader(http.StatusNoContent)
	}))
	return in
}

// ask makes a request; headers are name, value, name, value.
func (in *inside) ask(t *testing.T, method, target string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	r.Host = "127.0.0.1:8484"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	before := in.entered
	in.ServeHTTP(w, r)
	if (in.entered > before) != (w.Code == http.StatusNoContent) {
		t.Errorf("%s %s: %d, and %d entered", method, target, w.Code, in.entered-before)
	}
	if w.Header().Get("Content-Security-Policy") != policy || w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%s %s: an answer without protection: %v", method, target, w.Header())
	}
	return w.Result()
}

func TestPolicyLetsNothingElseRun(t *testing.T) {
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("no %q in %q", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") || strings.Contains(policy, "*") {
		t.Error(policy)
	}
}

func TestTokenBecomesCookie(t *testing.T) {
	in := behind(Access{Token: testToken})
	for _, target := range []string{"/", "/?token=", "/?token=wrong", "/?token=" + testToken[1:], "/?token=" + testToken + "x"} {
		if r := in.ask(t, "GET", target); r.StatusCode != http.StatusUnauthorized || len(r.Cookies()) > 0 {
			t.Errorf("%s: %d", target, r.StatusCode)
		}
	}
	r := in.ask(t, "GET", "/windows?range=1h&token="+testToken+"&sort=name")
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/windows?range=1h&sort=name" {
		t.Fatal(r.StatusCode, r.Header)
	}
	c := r.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Secure {
		t.Errorf("%+v", c)
	}
	if r := in.ask(t, "GET", "/", "Cookie", c.Name+"="+c.Value); r.StatusCode != http.StatusNoContent {
		t.Error(r.StatusCode)
	}
	for _, cookie := range []string{c.Name + "=", c.Name + "=x" + c.Value, "other=" + c.Value} {
		if r := in.ask(t, "GET", "/", "Cookie", cookie); r.StatusCode != http.StatusUnauthorized {
			t.Error(cookie, r.StatusCode)
		}
	}
}

// Whatever the path, one who comes with the token stays here.
func TestTokenRedirectsNowhereElse(t *testing.T) {
	in := behind(Access{Token: testToken})
	base, _ := url.Parse("http://127.0.0.1:8484/")
	for _, path := range []string{"//evil.example/", "/%2f/evil.example", "/%5c%5cevil.example", "/\\evil.example", "/.//evil.example", "///evil.example/..", "/%09//evil.example", "/@evil.example"} {
		r := in.ask(t, "GET", "http://127.0.0.1:8484"+path+"?next=//evil.example&token="+testToken)
		to, err := base.Parse(r.Header.Get("Location"))
		if err != nil || to.Host != base.Host || to.Scheme != "http" || strings.HasPrefix(r.Header.Get("Location"), "//") || strings.HasPrefix(r.Header.Get("Location"), "/\\") {
			t.Errorf("%s leads to %q", path, r.Header.Get("Location"))
		}
		if strings.Contains(r.Header.Get("Location"), testToken) {
			t.Errorf("%s: the token stays in %q", path, r.Header.Get("Location"))
		}
	}
}

func TestTokensDiffer(t *testing.T) {
	if one, other := (&Access{Token: testToken}).cookie(), (&Access{Token: testToken + "x"}).cookie(); one == other || strings.Contains(one, testToken) {
		t.Error("two dashboards share a cookie, or its name tells the token", one, other)
	}
	a, b := NewToken(), NewToken()
	if a == b || len(a) < 26 || url.QueryEscape(a) != a {
		t.Error(a, b)
	}
}

func TestForeignRequestsAreRefused(t *testing.T) {
	cookie := []string{"Cookie", (&Access{Token: testToken}).cookie() + "=" + testToken}
	in := behind(Access{Token: testToken})
	for _, c := range []struct {
		method  string
		headers []string
		want    int
	}{
		{"GET", nil, 204}, {"HEAD", nil, 204},
		{"GET", []string{"Host", "localhost:8484"}, 204}, {"GET", []string{"Host", "[::1]:8484"}, 204}, {"GET", []string{"Host", "127.0.0.1"}, 204},
		{"GET", []string{"Host", "evil.example"}, 421}, {"GET", []string{"Host", "127.0.0.1.evil.example:8484"}, 421}, {"GET", []string{"Host", ""}, 421},
		{"GET", []string{"Host", "localhost.evil.example"}, 421}, {"GET", []string{"Host", "10.0.0.1:8484"}, 421},
		{"POST", nil, 405}, {"PUT", nil, 405}, {"DELETE", nil, 405}, {"OPTIONS", nil, 405}, {"PATCH", nil, 405}, {"CONNECT", nil, 405}, {"TRACE", nil, 405},
		{"POST", []string{"Origin", "http://evil.example"}, 403}, {"POST", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		{"GET", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors"}, 403},
		{"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 204},
		{"GET", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors"}, 204}, {"GET", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, 204},
	} {
		target := "/"
		if c.method == "CONNECT" {
			target = "127.0.0.1:1"
		}
		if r := in.ask(t, c.method, target, append(c.headers, cookie...)...); r.StatusCode != c.want {
			t.Errorf("%s %v: %d, want %d", c.method, c.headers, r.StatusCode, c.want)
		}
	}
	if r := behind(Access{AnyHost: true}).ask(t, "GET", "/", "Host", "mac.example"); r.StatusCode != http.StatusNoContent {
		t.Error(r.StatusCode)
	}
}

// The guard stands before every page, known or not.
func TestEveryPageIsGuarded(t *testing.T) {
	h := newServer(t, Access{Token: testToken}).Handler()
	for _, path := range []string{"/", "/windows", "/window?id=1", "/window.json?id=1", "/agent", "/export?format=json", "/live", "/static/app.js", "/nowhere"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Host = "localhost"
		h.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized || w.Header().Get("Content-Security-Policy") != policy {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

// passwordFile writes a file of lines.
func passwordFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passwords")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// hashOf is a hash as htpasswd -B writes it.
func hashOf(t *testing.T, password string, cost int) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		t.Fatal(err)
	}
	return "$2y$" + string(h[4:])
}

func TestPasswords(t *testing.T) {
	p, err := ReadPasswords(passwordFile(t, "# people", "", "ann:"+hashOf(t, "correct horse", 4), "  bob:"+hashOf(t, "tr0ub4dor", 5)+"\r", ""))
	if err != nil {
		t.Fatal(err)
	}
	in := behind(Access{Passwords: p, AnyHost: true})
	login := func(user, password string) *http.Response {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.SetBasicAuth(user, password)
		return in.ask(t, "GET", "/", "Authorization", r.Header.Get("Authorization"))
	}
	if r := in.ask(t, "GET", "/"); r.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "Basic ") {
		t.Error(r.StatusCode, r.Header)
	}
	for _, pair := range [][2]string{{"ann", ""}, {"ann", "tr0ub4dor"}, {"", ""}, {"carl", "correct horse"}, {"ann ", "correct horse"}, {"bob", strings.Repeat("x", 5000)}} {
		if r := login(pair[0], pair[1]); r.StatusCode != http.StatusUnauthorized || len(r.Cookies()) > 0 {
			t.Errorf("%q: %d", pair, r.StatusCode)
		}
	}
	r := login("bob", "tr0ub4dor")
	if r.StatusCode != http.StatusNoContent {
		t.Fatal(r.StatusCode)
	}
	c := r.Cookies()[0]
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode {
		t.Errorf("%+v", c)
	}
	if r := in.ask(t, "GET", "/", "Cookie", c.Name+"="+c.Value); r.StatusCode != http.StatusNoContent || len(r.Cookies()) > 0 {
		t.Error(r.StatusCode, r.Cookies())
	}
	if r := in.ask(t, "GET", "/", "Cookie", c.Name+"=AAAA"); r.StatusCode != http.StatusUnauthorized {
		t.Error(r.StatusCode)
	}
}

// A user who does not exist takes as long as the dearest who does: the same work is done.
func TestUnknownUsersCostTheSame(t *testing.T) {
	p, err := ReadPasswords(passwordFile(t, "ann:"+hashOf(t, "a", 4), "bob:"+hashOf(t, "b", 7)))
	if err != nil {
		t.Fatal(err)
	}
	if cost, err := bcrypt.Cost(p.nobody); err != nil || cost != 7 {
		t.Error(cost, err)
	}
}

func TestWrongPasswordFiles(t *testing.T) {
	good := "ann:" + hashOf(t, "a", 4)
	for want, lines := range map[string][]string{
		"line 2: want user:hash":   {good, "bob"},
		"line 1: want user:hash":   {"bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="},
		"line 3: want user:hash":   {good, "", ":" + good[4:]},
		"line 1: want user:hash ":  {good + "garbage"},
		"line 2: a second line":    {good, good},
		"has no user: add one":     {"# nobody", ""},
		"line 1: want  user:hash ": {"bob:$2y$99$" + good[11:]},
	} {
		_, err := ReadPasswords(passwordFile(t, lines...))
		if err == nil || !strings.Contains(err.Error(), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("%q: %v, want %s", lines, err, want)
		}
	}
	if _, err := ReadPasswords(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// However often people log in, what is remembered is bounded.
func TestSessionsAreBounded(t *testing.T) {
	p := &Passwords{sessions: map[string]bool{}}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range maxSessions {
				if s := p.remember(); s == "" {
					t.Error("no session")
				}
			}
		})
	}
	all.Wait()
	if n := len(p.sessions); n > maxSessions || n == 0 {
		t.Error(strconv.Itoa(n) + " sessions")
	}
	if last := p.remember(); !p.known(last) || p.known("") || p.known(last[1:]) {
		t.Error("what is remembered is wrong")
	}
}
