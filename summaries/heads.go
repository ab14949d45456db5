package summaries

import "slices"

// mergeHeads unites all of the summaries but their rows.
func mergeHeads(all []*Summary) *Summary {
	last := all[len(all)-1]
	m := &Summary{
		Machine: last.Machine, Window: last.Window, FirstSeq: last.FirstSeq, Seq: last.Seq, Muted: mergeMuted(all), Agent: last.Agent,
	}
	m.Window.Merged = 0
	for _, s := range all {
		w := &m.Window
		w.Start, w.End = min(w.Start, s.Window.Start), max(w.End, s.Window.End)
		w.Hop = max(w.Hop, s.Window.Hop)
		w.Merged += s.Window.Merged
		m.FirstSeq, m.Seq = min(m.FirstSeq, s.FirstSeq), max(m.Seq, s.Seq)
		m.LowerBound = m.LowerBound || s.LowerBound
		m.Ledger.add(&s.Ledger)
		if s.Peak.Events > m.Peak.Events {
			m.Peak = s.Peak
		}
	}
	m.Series = NewSeries(m.Window.End - m.Window.Start)
	for _, s := range all {
		if s.Series.Per > 0 {
			m.Series.addAt(s.Window.Start-m.Window.Start, &s.Series)
		}
	}
	return m
}

// mergeMuted unites the rules in force, in the order in which they first appear.
func mergeMuted(all []*Summary) (rules []MuteRule) {
	for _, s := range all {
		for _, r := range s.Muted {
			i := slices.IndexFunc(rules, func(have MuteRule) bool { return have.Rule == r.Rule && have.Counted == r.Counted })
			if i < 0 {
				rules = append(rules, r)
			} else {
				rules[i].Events += r.Events
			}
		}
	}
	return rules
}

func (l *Ledger) add(o *Ledger) {
	l.Received += o.Received
	l.Folded += o.Folded
	l.Muted += o.Muted
	l.Ignored += o.Ignored
	for i, n := range o.Malformed {
		l.Malformed[i] += n
	}
	l.Late += o.Late
	l.Clamped += o.Clamped
	l.KernelDropped += o.KernelDropped
	l.QueueDropped += o.QueueDropped
	for i, n := range o.Lifecycle {
		l.Lifecycle[i] += n
	}
	l.FoldedUp.add(&o.FoldedUp)
	l.SpoolMerged += o.SpoolMerged
	l.SendRetries += o.SendRetries
	l.MaxLag = max(l.MaxLag, o.MaxLag)
}

func (f *FoldedUp) add(o *FoldedUp) {
	f.Origins += o.Origins
	f.Programs += o.Programs
	f.Processes += o.Processes
	f.Paths += o.Paths
}
