package terminal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"summarizer/summaries"
)

// foundIn is a window that ends so long after the first, with findings.
func foundIn(after time.Duration, tile bool, f ...summaries.Finding) *summaries.Summary {
	end := int64(1_700_000_000e9) + int64(after)
	return &summaries.Summary{Window: summaries.Window{Start: end - 10e9, End: end, Tile: tile}, Findings: f}
}

// What is found again stands once, the worst stands first, and what is over goes in the end.
func TestFindingsStay(t *testing.T) {
	flood := summaries.Finding{Kind: "flood", Severity: "high", Program: []byte("/evil"), Text: "much"}
	var f findings
	f = f.add(foundIn(0, true, flood))
	f = f.add(foundIn(time.Second, false, summaries.Finding{Kind: "blind", Severity: "high"})) // no tile: told with the tile
	for i := range 3 * maxFound {
		watched := summaries.Finding{Kind: "watched", Severity: "low", Program: fmt.Appendf(nil, "/p/%d", i)}
		f = f.add(foundIn(time.Duration(i)*time.Second, true, watched))
	}
	flood.Text = "more"
	f = f.add(foundIn(3*time.Minute, true, flood))
	if len(f) != maxFound || f[0].Text != "more" || f[1].Kind != "watched" {
		t.Errorf("%d findings, the first %v, %v", len(f), f[0], f[1])
	}
	if got := f.line(); !strings.HasPrefix(got, "found 50 (f lists them): high flood: more") {
		t.Error(got)
	}
	f = f.add(foundIn(3*time.Minute+rememberFound, true))
	if len(f) != 1 {
		t.Errorf("%d left", len(f))
	}
	if f = f.add(foundIn(4*time.Minute+rememberFound, true)); f.line() != "found nothing in 10 minutes" {
		t.Error(f.line())
	}
}

// On a narrow terminal a number is there as a whole or not at all.
func TestNoHalfNumbers(t *testing.T) {
	s := busyLive()
	s.Ledger.FoldedUp.Paths = 411_379
	for width := 8; width < 120; width++ {
		m := shown(s, width, 20, style{})
		for i, line := range strings.Split(attributes.ReplaceAllString(m.View().Content, ""), "\n")[1:3] {
			for _, whole := range []string{"990,000", "99,990 ", "411,379", "400,000", "malformed 40", "muted 60"} {
				for cut := 1; cut < len(whole)-1; cut++ {
					if width > 20 && strings.HasSuffix(line, " "+whole[:cut]) || strings.HasSuffix(line, "~"+whole[:cut]) {
						t.Errorf("%d wide, line %d ends in a part of %s: %q", width, i, whole, line)
					}
				}
			}
		}
	}
}
