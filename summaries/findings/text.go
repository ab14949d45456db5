package findings

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"summarizer/summaries"
)

func number(n uint64) string { return humanize.Comma(int64(min(n, math.MaxInt64))) }

func percent(part float64) string { return strconv.FormatFloat(part*100, 'g', 3, 64) + " %" }

func duration(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond).String()
}

// maxName is the longest name in a text, in bytes; longer ones lose their middle.
const maxName = 120

// short is a name as a text shows it: what cannot be seen is escaped, and it is not too long.
func short(name string) string {
	quoted := strconv.QuoteToGraphic(name)
	return shorten(quoted[1:len(quoted)-1], maxName)
}

// shorten cuts the middle of s out until it has at most n bytes, and keeps UTF-8 whole.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	head, tail := n/3, len(s)-(n-n/3-len("…"))
	for head > 0 && !utf8.RuneStart(s[head]) {
		head--
	}
	for tail < len(s) && !utf8.RuneStart(s[tail]) {
		tail++
	}
	return s[:head] + "…" + s[tail:]
}

// shortenBytes does the same for a name of any bytes; nil stays nil.
func shortenBytes(b []byte, n int) []byte {
	if len(b) == 0 {
		return nil
	}
	return []byte(shorten(string(b), n))
}

// who names the program, its process, its user, and on whose behalf it runs.
func (s *subject) who() string {
	if s.program == nil {
		return s.whoFolded()
	}
	name := short(string(s.program.Path))
	if len(s.processes) == 0 {
		return fmt.Sprintf("%s (%s processes)", name, count(&s.program.Seen))
	}
	p := &s.processes[0] // the busiest
	pid := fmt.Sprintf("pid %d, user %d", p.PID, p.EUID)
	if s.program.Seen.Estimate > 1 {
		pid = fmt.Sprintf("%s processes, the busiest pid %d of user %d", count(&s.program.Seen), p.PID, p.EUID)
	}
	return fmt.Sprintf("%s (%s%s)", name, pid, s.behalf(p))
}

// whoFolded names programs that are too many to list, and one of them as an example.
func (s *subject) whoFolded() string {
	who := fmt.Sprintf("programs of origin %s that are too many to list, %s in all", short(s.origin.Name), count(&s.origin.Seen))
	if g := s.example(); g != nil {
		who += ", such as " + short(string(g.Path)) + ","
	}
	return who
}

// example is a listed program that stands for the folded ones.
func (s *subject) example() *summaries.Program {
	if s.newest == nil {
		return nil
	}
	return s.newest(s.origin)
}

// newest is the least of the programs listed in an origin that were active in the fewest
// windows: a storm of programs lists some of its own.
func (d *Detector) newest(o *summaries.Origin) *summaries.Program {
	var best *summaries.Program
	var windows uint32
	for i := range o.Programs {
		g := &o.Programs[i]
		n := uint32(0)
		if e := d.history.find(identify(o.Name, g.Path, g.CDHash)); e != nil {
			n = e.windows
		}
		if best == nil || n < windows || n == windows && g.Events < best.Events {
			best, windows = g, n
		}
	}
	return best
}

func count(d *summaries.Distinct) string {
	switch {
	case d.AtMost:
		return "at most " + number(d.Estimate)
	case d.StdError > 0:
		return "about " + number(d.Estimate)
	}
	return number(d.Estimate)
}

// behalf names the process answerable for p where that is another one.
func (s *subject) behalf(p *summaries.Process) string {
	if p.ResponsiblePID == 0 || p.ResponsiblePID == p.PID {
		return ""
	}
	for i := range s.window.Origins {
		o := &s.window.Origins[i]
		for j := range o.Programs {
			for k := range o.Programs[j].Processes {
				if o.Programs[j].Processes[k].PID == p.ResponsiblePID {
					return fmt.Sprintf(", on behalf of %s, pid %d", shorten(short(string(o.Programs[j].Path)), maxName/2), p.ResponsiblePID)
				}
			}
		}
	}
	return fmt.Sprintf(", on behalf of pid %d", p.ResponsiblePID)
}

// busiest is the best second of the busiest process.
func (s *subject) busiest() string {
	if len(s.processes) == 0 || s.processes[0].Peak.Events == 0 {
		return ""
	}
	p := s.processes[0].Peak
	return fmt.Sprintf("; its busiest process up to %s in %s", number(p.Events), time.Duration(p.Per))
}

// bounded is a text that leaves room for what report adds.
func bounded(text string) string {
	return shorten(strings.ToValidUTF8(text, "\uFFFD"), MaxText-len(moreFormat)-20)
}
