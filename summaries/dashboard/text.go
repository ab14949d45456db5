package dashboard

import (
	"cmp"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries"
	"summarizer/summaries/store"
	"summarizer/summaries/terminal"
)

// functions are what templates call.
var functions = template.FuncMap{
	"group":        func(n any) string { return groupText(n) },
	"text":         func(name any) string { return text(nameBytes(name)) },
	"label":        func(name any) label { return labelOf(nameBytes(name)) },
	"distinct":     func(d summaries.Distinct) string { return distinctText(&d) },
	"estimate":     func(d summaries.Distinct) string { return estimateText(&d) },
	"error":        func(d summaries.Distinct) string { return errorText(&d) },
	"gaplength":    func(g store.Gap) int64 { return g.End - g.Start },
	"windowlength": func(w summaries.Window) int64 { return w.End - w.Start },
	"missed":       missedText,
	"rate":         func(n uint64, seconds float64) string { return rateText(n, seconds) },
	"lost":         func(l summaries.Ledger) uint64 { return l.KernelDropped + l.QueueDropped + malformed(&l) },
	"kernelqueue":  func(l summaries.Ledger) uint64 { return l.KernelDropped + l.QueueDropped },
	"malformed":    func(l summaries.Ledger) uint64 { return malformed(&l) },
	"folded":       func(f summaries.FoldedUp) uint64 { return f.Origins + f.Programs + f.Processes + f.Paths },
	"kinds":        func(k summaries.Kinds) string { return kindsText(&k) },
	"mainkinds":    func(k summaries.Kinds) string { return mainKinds(&k) },
	"add":          func(a, b int) int { return a + b },
	"missedshort":  missedShort,
	"sharetext":    func(part, whole int) string { return shareText(uint64(max(part, 0)), uint64(max(whole, 0))) },
	"clock":        func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
	"at":           func(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02 15:04:05") },
	"length":       func(ns int64) string { return time.Duration(ns).Round(time.Millisecond).String() },
	"hex":          func(b []byte) string { return hexText(b) },
	"bytes":        func(n int64) string { return bytesText(n) },
	"memory":       func(n uint64) string { return bytesText(int64(min(n, math.MaxInt64))) },
	"sorted": func(p tablePart, column string) string {
		if p.Sort != column {
			return ""
		}
		if column == "name" {
			return "ascending"
		}
		return "descending"
	},
}

// text makes a name from the outside one of printable characters: what is not, and what is
// not UTF-8, is written as in a Go string literal. html/template escapes the rest.
func text(b []byte) string { return terminal.Escape(b) }

// nameBytes is a name, whatever it is kept in.
func nameBytes(name any) []byte {
	switch name := name.(type) {
	case []byte:
		return name
	case string:
		return []byte(name)
	}
	return []byte("?")
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// distinctText is a number of different members: exact, estimated with its error, or an
// upper bound.
func distinctText(d *summaries.Distinct) string {
	if e := errorText(d); e != "" {
		return estimateText(d) + " ± " + e
	}
	return estimateText(d)
}

// estimateText is a number of different members without its error.
func estimateText(d *summaries.Distinct) string {
	n := terminal.Group(d.Estimate)
	switch {
	case d.AtMost:
		return "≤ " + n
	case d.StdError > 0:
		return "≈ " + n
	}
	return n
}

// errorText is the standard error of an estimate; empty for what is none.
func errorText(d *summaries.Distinct) string {
	if d.AtMost || d.StdError <= 0 {
		return ""
	}
	return terminal.Group(uint64(float64(d.Estimate)*d.StdError + 0.5))
}

// missedText is what may be missing from a count.
func missedText(n uint64) string {
	if n == 0 {
		return ""
	}
	return "+" + terminal.Group(n)
}

// missedShort is missedText in three digits, rounded up: a bound stays one.
func missedShort(n uint64) string {
	if n < 10_000 {
		return missedText(n)
	}
	unit, at := uint64(1), 0
	for n/unit >= 1000 && at < len(units)-1 {
		unit, at = unit*1000, at+1
	}
	f, digits := float64(n)/float64(unit), 0
	for f*math.Pow10(digits+1) < 1000 && digits < 2 {
		digits++
	}
	f = math.Ceil(f*math.Pow10(digits)) / math.Pow10(digits)
	return "+" + strconv.FormatFloat(f, 'f', digits, 64) + units[at]
}

var units = []string{"", "k", "M", "G", "T", "P", "E"}

// shareText is a part of a whole in percent.
func shareText(part, whole uint64) string {
	percent := 100 * float64(part) / max(float64(whole), 1)
	if part > 0 && percent < 1 {
		return "< 1 %"
	}
	return strconv.FormatFloat(percent, 'f', 0, 64) + " %"
}

// rateText is a number per second, with a digit behind the point where it is small.
func rateText(n uint64, seconds float64) string {
	r := float64(n) / max(seconds, 1)
	if r > 0 && r < 10 {
		return strconv.FormatFloat(r, 'f', 1, 64)
	}
	return terminal.Group(uint64(r + 0.5))
}

func malformed(l *summaries.Ledger) (n uint64) {
	for _, m := range l.Malformed {
		n += m
	}
	return n
}

func kindsText(kinds *summaries.Kinds) string {
	var words []string
	for i, n := range kinds {
		if n > 0 {
			words = append(words, terminal.Group(n)+" "+esbridge.Kind(i).String())
		}
	}
	return strings.Join(words, ", ")
}

// mainKinds are the three most frequent kinds, and how many others there are.
func mainKinds(kinds *summaries.Kinds) string {
	var order []int
	for i, n := range kinds {
		if n > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(kinds[b], kinds[a]) })
	var words []string
	for _, i := range order[:min(len(order), 3)] {
		words = append(words, terminal.Group(kinds[i])+" "+esbridge.Kind(i).String())
	}
	if more := len(order) - len(words); more > 0 {
		words = append(words, "and "+strconv.Itoa(more)+" other kinds")
	}
	return strings.Join(words, ", ")
}

func hexText(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, c := range b {
		s.WriteByte(digits[c>>4])
		s.WriteByte(digits[c&15])
	}
	return s.String()
}

// bytesText is a size in binary units.
func bytesText(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	f, i := float64(n), 0
	for f >= 1024 && i < len(units)-1 {
		f, i = f/1024, i+1
	}
	if i == 0 {
		return decimal(n) + " B"
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + " " + units[i]
}

// groupText writes a number of any integer type with a comma between thousands.
func groupText(n any) string {
	switch n := n.(type) {
	case uint64:
		return terminal.Group(n)
	case int:
		return terminal.Group(uint64(max(n, 0)))
	case uint32:
		return terminal.Group(uint64(n))
	}
	return "?"
}
