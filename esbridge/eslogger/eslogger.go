// Package eslogger turns the output of eslogger(1), one JSON object per line, into events.
//
// eslogger comes with macOS 13 and later and is an Endpoint Security client of Apple's: it
// needs no entitlement of ours, only root and Full Disk Access. Its output is no API and may
// change with any release. What is relied on here is little: the members named in message.go,
// wherever in the line they stand.
//
// # Sources
//
// NewReader reads a file, a recording, or what somebody pipes in; Spawn starts eslogger
// itself. Both deliver batches of at most 512 events. A live source delivers four times a
// second even if nothing came; a recording delivers full batches, and the last.
//
// # What counts as what
//
// Each line that is not blank counts exactly once: as an event, as Tally.Lifecycle (exec,
// fork, exit), as Tally.Ignored or as Tally.Malformed, by reason.
//
//	write, create, rename, unlink, truncate    their kinds
//	link, clone, copyfile                      Link, Clone, Copy, at the new name
//	exchangedata                               Exchange: Path is file2, SourcePath is file1
//	close, modified                            CloseModified
//	close, not modified, was_mapped_writable   MappedWrite
//	setextattr, deleteextattr, setmode, setowner,
//	setflags, utimes, setattrlist, setacl      SetAttr
//	any other, a close that is neither, and what an authorization client denied: ignored
//
// Malformed are BadJSON (no JSON object, cut off, or nested deeper than 10,000), BadField (a
// wanted member of the wrong type or out of range, two different events in one line, a
// relative path, a text longer than 128 KiB), MissingField (no event, or a file event without
// time, path, executable, pid, pidversion or euid) and TooLong (a line beyond 16 MiB, which
// is discarded to its newline). Of members that come twice the last one counts; objects that
// come twice are merged member by member. Names of members are case-sensitive.
//
// Tally.KernelDropped comes from the sequence numbers, which begin at 0: what was lost before
// the first line counts, and so does the missing beginning of a recording that was cut. A
// line that is no JSON tells no number; it counts as malformed and, with the next line, as
// dropped.
//
// # Values
//
// Texts are bytes: escapes are resolved, and bytes that are not UTF-8 are kept (eslogger
// itself replaces them by U+FFFD). Event.Size is st_size of the file that has the name from
// now on, which for a rename, link, clone or copy is that of the source. eslogger tells no
// bytes written. A path that Endpoint Security could not tell is empty.
//
// Memory is sized at start and does not grow with the input: 16 MiB for the longest line,
// 4 MiB for the texts of a line and of a batch.
package eslogger

import (
	"context"
	"fmt"
	"io"
	"time"

	"summarizer/esbridge"
)

// flushEvery is how often a live source delivers.
const flushEvery = 250 * time.Millisecond

// Reader is the source that reads eslogger lines from an io.Reader.
type Reader struct {
	name    string
	r       io.Reader
	live    bool
	lines   lines
	decoder *decoder
	message *message
	gaps    esbridge.GapDetector
	batch   *batch
}

// NewReader makes a source of the lines of r. The name stands in errors. A live source stamps
// events with their arrival; one that is not live is a recording, folded by event time.
//
// Run may be called once, and does not close r. If its context ends while a read is blocked,
// the read is interrupted where r has SetReadDeadline and honours it (sockets, and pipes that
// the runtime polls). Otherwise Run returns all the same, and the read, with its goroutine,
// ends when r next returns: with the next input, or when the caller closes r if r allows that
// during a read.
func NewReader(name string, r io.Reader, live bool) *Reader {
	return &Reader{
		name:    name,
		r:       r,
		live:    live,
		lines:   newLines(maxLine),
		decoder: newDecoder(),
		message: newMessage(),
		batch:   newBatch(),
	}
}

// Info implements esbridge.Source.
func (s *Reader) Info() esbridge.Info { return esbridge.Info{Name: "eslogger", Live: s.live} }

// Run implements esbridge.Source.
func (s *Reader) Run(ctx context.Context, deliver func(*esbridge.Batch) error) error {
	p := startPump(s.r)
	defer p.stop(s.r)
	var tick <-chan time.Time
	if s.live {
		t := time.NewTicker(flushEvery)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case c := <-p.full:
			if err := s.chunk(&c, deliver); err != nil {
				return err
			}
			switch {
			case c.err == nil:
				p.free <- c.b
			case ctx.Err() != nil: // the input ended because we did
				return s.flushRest(deliver)
			default:
				return s.end(c.err, deliver)
			}
		case <-tick:
			if err := s.flush(deliver); err != nil {
				return err
			}
		case <-ctx.Done():
			return s.cancel(p, deliver)
		}
	}
}

// chunk takes the lines of c.
func (s *Reader) chunk(c *chunk, deliver func(*esbridge.Batch) error) error {
	arrival := c.at
	if !s.live {
		arrival = 0
	}
	for b := c.b; ; {
		line, state := s.lines.next(&b)
		switch {
		case state == lineNone:
			return nil
		case state == lineTooLong:
			s.batch.out.Tally.Malformed[esbridge.TooLong]++
		case !blank(line):
			s.line(line, arrival)
		}
		if s.batch.full() {
			if err := s.flush(deliver); err != nil {
				return err
			}
		}
	}
}

// end delivers what is left when the input ended with err.
func (s *Reader) end(err error, deliver func(*esbridge.Batch) error) error {
	if rest := s.lines.rest(); !blank(rest) {
		s.line(rest, s.now())
	}
	if err := s.flushRest(deliver); err != nil {
		return err
	}
	if err == io.EOF {
		return nil
	}
	return fmt.Errorf("reading %s: %w; what came before has been counted, the rest cannot be read: check the file or start the tool again", s.name, err)
}

// cancel delivers what had been read when the context ended. A line that had come in part
// was not received, and counts nowhere.
func (s *Reader) cancel(p *pump, deliver func(*esbridge.Batch) error) error {
	err := p.drain(s.r, func(c chunk) error { return s.chunk(&c, deliver) })
	if err != nil {
		return err
	}
	return s.flushRest(deliver)
}

// now is the time of the clock, where the source is live.
func (s *Reader) now() int64 {
	if !s.live {
		return 0
	}
	return time.Now().UnixNano()
}

func (s *Reader) flush(deliver func(*esbridge.Batch) error) error {
	s.batch.out.Now = s.now()
	err := deliver(&s.batch.out)
	s.batch.reset()
	return err
}

func (s *Reader) flushRest(deliver func(*esbridge.Batch) error) error {
	if s.batch.empty() {
		return nil
	}
	return s.flush(deliver)
}

// blank says that a line holds nothing but JSON's white space.
func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}
