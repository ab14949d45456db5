package terminal

import (
	"strconv"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"summarizer/summaries"
)

// Escape makes a name from the outside safe to print: whoever chose it cannot move the
// cursor, set a colour, reverse the text or begin a line. What is not printable, and every
// byte that is not valid UTF-8, is written as Go writes it in a string literal.
func Escape[S ~string | ~[]byte](name S) string {
	return unquote(strconv.Quote(string(name)))
}

func unquote(quoted string) string {
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// Elide shortens s to at most width terminal cells by leaving out its middle: the beginning
// of a path says where a file is, the end which one. A width of 0 or less shortens nothing.
func Elide(s string, width int) string { return elide(s, width, "…") }

func elide(s string, width int, mark string) string {
	if width <= 0 || uniseg.StringWidth(s) <= width {
		return s
	}
	if uniseg.StringWidth(mark) > width {
		mark = ""
	}
	clusters, widths := splitClusters(s)
	head, tail, room := 0, len(clusters), width-uniseg.StringWidth(mark)
	for fromHead := true; head < tail; fromHead = !fromHead {
		next := head
		if !fromHead {
			next = tail - 1
		}
		if widths[next] > room {
			break
		}
		room -= widths[next]
		if fromHead {
			head++
		} else {
			tail--
		}
	}
	return strings.Join(clusters[:head], "") + mark + strings.Join(clusters[tail:], "")
}

// clip shortens s to at most width terminal cells by leaving out its end.
func clip(s string, width int) string {
	if uniseg.StringWidth(s) <= width {
		return s
	}
	clusters, widths := splitClusters(s)
	n := 0
	for n < len(clusters) && widths[n] <= width {
		width -= widths[n]
		n++
	}
	return strings.Join(clusters[:n], "")
}

// splitClusters cuts s into what a reader sees as characters, with the cells each takes up.
func splitClusters(s string) (clusters []string, widths []int) {
	state := -1
	for s != "" {
		var cluster string
		var width int
		cluster, s, width, state = uniseg.FirstGraphemeClusterInString(s, state)
		clusters, widths = append(clusters, cluster), append(widths, width)
	}
	return clusters, widths
}

// Group writes n with a comma between thousands.
func Group(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// perSecond is a rate, of at least one second's worth of time.
func perSecond(n uint64, d time.Duration) uint64 {
	return uint64(float64(n) / max(d.Seconds(), 1))
}

// distinct writes a number of different members: exact, estimated (~) or an upper bound (≤).
func distinct(d *summaries.Distinct) string { return sign(d) + Group(d.Estimate) }

// sign says what kind of number an estimate is.
func sign(d *summaries.Distinct) string {
	switch {
	case d.AtMost:
		return "≤"
	case d.StdError > 0:
		return "~"
	}
	return ""
}

// style is what the terminal can show.
type style struct{ ascii bool }

// ascii stand-ins for the few signs beyond ASCII that the program itself prints.
var ascii = strings.NewReplacer("≥", ">=", "≤", "<=", "…", "..", "›", ">", "·", "-", "↑", "^", "↓", "v", "▲", "^", "▼", "v")

// text is a line of our own, in signs that the terminal knows.
func (st style) text(s string) string {
	if st.ascii {
		return ascii.Replace(s)
	}
	return s
}

// name is Escape in signs that the terminal knows.
func (st style) name(escaped string) string {
	if !st.ascii {
		return escaped
	}
	return strings.ReplaceAll(unquote(strconv.QuoteToASCII(escaped)), `\\`, `\`)
}

func (st style) elide(s string, width int) string {
	if st.ascii {
		return elide(s, width, "..")
	}
	return elide(s, width, "…")
}

// utf8Locale tells from the environment whether the terminal's character set is UTF-8, by
// the order of locale(7).
func utf8Locale(env []string) bool {
	get := func(key string) string {
		for _, kv := range env {
			if v, ok := strings.CutPrefix(kv, key+"="); ok {
				return v
			}
		}
		return ""
	}
	for _, key := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(get(key)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}
