package eslogger

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"summarizer/esbridge"
)

// TestEdges: single values at and beyond the edge of what is accepted. Each is a member that
// comes a second time in a line that is well-formed otherwise.
func TestEdges(t *testing.T) {
	process := func(s string) string { return `,"process":{` + s + `}` }
	newPath := func(s string) string {
		return `,"event":null,"event":{"create":{"destination":{"new_path":{` + s + `}}}}`
	}
	hash := strings.Repeat("0A", 20)
	cases := []struct{ added, want string }{
		{process(`"audit_token":[0,0,0,0,0,1,0,1]`), ""},
		{process(`"audit_token":[0,0,0,0,0,1,0,1,0]`), "bad_field"},
		{process(`"audit_token":[0,0,0,0,0,1,0]`), "bad_field"},
		{process(`"audit_token":[0,null,0,0,0,1,0,1]`), "missing_field"},
		{process(`"audit_token":{"pid":2147483647,"pidversion":4294967295,"euid":4294967295}`), ""},
		{process(`"audit_token":{"pid":2147483648}`), "bad_field"},
		{process(`"audit_token":{"pid":4294967295}`), "bad_field"},
		{process(`"audit_token":{"pid":-1}`), "bad_field"},
		{process(`"audit_token":{"pidversion":4294967296}`), "bad_field"},
		{process(`"audit_token":{"euid":-1}`), "bad_field"},
		{process(`"audit_token":{"euid":null}`), "missing_field"},
		{process(`"ppid":-2147483648`), ""},
		{process(`"ppid":-2147483649`), "bad_field"},
		{process(`"ppid":4294967296`), "bad_field"},
		{process(`"cdhash":"` + hash + `"`), ""},
		{process(`"cdhash":"` + hash + `00"`), "bad_field"},
		{process(`"cdhash":"` + hash[2:] + `"`), "bad_field"},
		{process(`"cdhash":"` + hash[1:] + `"`), "bad_field"},
		{process(`"cdhash":"` + hash[1:] + `g"`), "bad_field"},
		{process(`"start_time":"yesterday"`), "bad_field"},
		{process(`"executable":null`), "missing_field"},
		{`,"time":null`, "missing_field"},
		{`,"time":"2262-04-11T00:00:00Z"`, ""},
		{`,"time":"2262-04-12T00:00:00Z"`, "bad_field"},
		{`,"Time":null,"TIME":5`, ""},
		{newPath(`"dir":{"path":"\/"},"filename":"f"`), ""},
		{newPath(`"dir":{"path":"\/"},"filename":""`), "missing_field"},
		{newPath(`"dir":{"path":"\/"}`), "missing_field"},
		{`,"event":{"write":null}`, "missing_field"},
		{`,"event":null,"event":{"exit":null}`, "missing_field"},
		{`,"event":null,"event":{"open":null}`, "missing_field"},
		{`,"event":null,"event":{}`, "missing_field"},
		{`,"event":null,"event":{"write":[]}`, "bad_field"},
	}
	s := NewReader("edges", nil, false)
	for _, c := range cases {
		if got := compare(t, s, writeLine(`"\/a"`, c.added)); got.Malformed != c.want || c.want == "" && got.Event == nil {
			t.Errorf("%s: counted as %+v, want %q", c.added, got, c.want)
		}
	}
}

// TestParents: the parent is ppid, or else the parent's token; what is no process is 0.
func TestParents(t *testing.T) {
	s := NewReader("parents", nil, false)
	for _, c := range []struct {
		added             string
		ppid, responsible int32
	}{
		{`"ppid":7,"parent_audit_token":{"pid":8},"responsible_audit_token":{"pid":9}`, 7, 9},
		{`"ppid":-1,"parent_audit_token":{"pid":8},"responsible_audit_token":{"pid":-1}`, 8, 0},
		{`"ppid":null,"parent_audit_token":[0,0,0,0,0,4294967295,0,0],"responsible_audit_token":[0,0,0,0,0,4294967295,0,0]`, 0, 0},
	} {
		v := account(t, s, writeLine(`"\/a"`, `,"process":{`+c.added+`}`))
		if v.Event == nil || v.Process.PPID != c.ppid || v.Process.ResponsiblePID != c.responsible {
			t.Errorf("%s: %+v", c.added, v.Process)
		}
	}
}

// TestSharedProcess: events that follow each other share a process only if it is equal in
// every field.
func TestSharedProcess(t *testing.T) {
	const all = `"audit_token":{"pid":1,"pidversion":2,"euid":3},"ppid":4,"responsible_audit_token":{"pid":5},"start_time":"2026-01-02T03:04:05Z",` +
		`"executable":{"path":"\/x"},"cdhash":"0000000000000000000000000000000000000000","signing_id":"s","team_id":"t","codesigning_flags":2`
	others := []string{
		`"audit_token":{"pid":9}`, `"audit_token":{"pidversion":9}`, `"audit_token":{"euid":9}`, `"ppid":9`,
		`"responsible_audit_token":{"pid":9}`, `"start_time":"2026-01-02T03:04:06Z"`, `"executable":{"path":"\/y"}`,
		`"cdhash":"0000000000000000000000000000000000000009"`, `"signing_id":"u"`, `"team_id":"u"`, `"codesigning_flags":0`,
	}
	base := writeLine(`"\/a"`, `,"process":{`+all+`}`)
	for _, other := range others {
		s := NewReader("shared", nil, false)
		changed := writeLine(`"\/a"`, `,"process":{`+all+`,`+other+`}`)
		for _, line := range [][]byte{base, base, changed, changed, base} {
			s.line(line, 0)
		}
		e := s.batch.out.Events
		if len(e) != 5 || e[0].Process != e[1].Process || e[1].Process == e[2].Process || e[2].Process != e[3].Process || e[3].Process == e[4].Process {
			t.Errorf("%s: processes are shared wrongly", other)
		}
	}
}

// TestCancelCountsNoRest: a line that the end of the context cut off was not received,
// whichever of the end of the input and of the context is seen first.
func TestCancelCountsNoRest(t *testing.T) {
	in := append(bytes.Repeat(append(writeLine(`"\/a"`, ``), '\n'), batchEvents), `{"cut`...)
	for range 40 {
		ctx, cancel := context.WithCancel(context.Background())
		r := &signalEnd{Reader: bytes.NewReader(in), reached: make(chan struct{})}
		err := NewReader("cut", r, false).Run(ctx, func(b *esbridge.Batch) error {
			<-r.reached
			cancel()
			if accounted(&b.Tally) != 0 {
				t.Errorf("delivered %+v", b.Tally)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// signalEnd closes reached at the end of the input. It gives it in chunks so small that the
// end can be reached while the first batch is being delivered.
type signalEnd struct {
	*bytes.Reader
	reached chan struct{}
}

func (s *signalEnd) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil {
		close(s.reached)
	}
	return n, err
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestCancelDelivers: what had been read when the context ended is delivered, although the
// next read is blocked and cannot be interrupted.
func TestCancelDelivers(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	defer close(over)
	reads := 0
	r := readerFunc(func(p []byte) (int, error) {
		if reads++; reads <= 3 {
			return copy(p, append(writeLine(`"\/a"`, ``), '\n')), nil
		}
		cancel()
		<-over
		return 0, context.Canceled
	})
	events := 0
	err := NewReader("blocked", r, false).Run(ctx, func(b *esbridge.Batch) error {
		events += len(b.Events)
		return nil
	})
	if err != nil || events != 3 {
		t.Errorf("%d events, error %v", events, err)
	}
}
