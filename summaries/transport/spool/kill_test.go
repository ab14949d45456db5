package spool

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

var kills = flag.Int("kills", 20, "how often TestKill kills its child")

// childEnv names the spool for a child of TestKill.
const childEnv = "SUMMARIZER_TEST_SPOOL"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		if err := putUntilKilled(path); err != nil {
			fmt.Println("error", err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// putUntilKilled is the child: it says on stdout what it does before and after it did it.
func putUntilKilled(path string) error {
	r, err := Open(path, testConfig(8))
	if err != nil {
		return err
	}
	for n := r.LastSeq() + 1; ; n++ {
		fmt.Println("open", n)
		if err := r.Checkpoint(newTile(n, n, eventsOf(n)*1000)); err != nil {
			return err
		}
		fmt.Println("saved", n)
		if err := r.Put(newTile(n, n, eventsOf(n)*1000+1)); err != nil {
			return err
		}
		fmt.Println("put", n)
		if n%3 == 0 { // else the host is slow
			if _, seq, ok := r.Next(nil); ok {
				fmt.Println("sent", seq)
				r.Ack(seq)
				fmt.Println("acked", seq)
			}
		}
	}
}

// TestKill kills an agent that puts tiles as fast as it can, again and again. What it said it
// had put is there, and nothing is there twice.
func TestKill(t *testing.T) {
	path := newPath(t)
	rng := rand.New(rand.NewPCG(1, 2))
	said := map[uint64]string{} // of each number, the last word
	var acked, last uint64
	for range *kills {
		for _, line := range childsWords(t, path, rng.IntN(60)) {
			word, n, _ := strings.Cut(line, " ")
			var seq uint64
			if _, err := fmt.Sscan(n, &seq); err != nil {
				t.Fatalf("the child says %q", line)
			}
			switch word {
			case "acked":
				acked = seq
			case "open", "saved", "put":
				said[seq], last = word, max(last, seq)
			}
		}
		checkKilled(t, path, said, acked, last)
	}
	t.Logf("%d kills, %d tiles", *kills, last)
}

// childsWords runs a child, kills it some time after so many lines, and returns all it said.
func childsWords(t *testing.T, path string, lines int) (words []string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(time.Minute, func() { child.Process.Kill() })
	defer stuck.Stop()
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		words = append(words, scanner.Text())
		if len(words) == lines+1 {
			child.Process.Kill()
		}
	}
	child.Wait()
	if len(words) <= lines {
		t.Fatalf("the child ended by itself: %v", words)
	}
	return words
}

// checkKilled holds what the file has against what the child said.
func checkKilled(t *testing.T, path string, said map[uint64]string, acked, last uint64) {
	t.Helper()
	r, err := Open(path, testConfig(8))
	if err != nil {
		t.Fatal(err)
	}
	defer kill(r)
	if r.LastSeq() <= last-1 {
		t.Errorf("number %d after %d was taken", r.LastSeq(), last)
	}
	after := uint64(0)
	covered := map[uint64]bool{}
	for i := range r.tiles {
		s, err := r.summary(&r.tiles[i])
		if err != nil {
			t.Fatal(err)
		}
		if s.FirstSeq <= after {
			t.Errorf("tile %d-%d after %d", s.FirstSeq, s.Seq, after)
		}
		after = s.Seq
		var events uint64
		for n := s.FirstSeq; n <= s.Seq; n++ {
			if said[n] != "" {
				events += eventsOf(n) * 1000
				covered[n] = true
			}
		}
		if more := s.Events - events; s.Events < events || more > s.Seq-s.FirstSeq+1 {
			t.Errorf("tile %d-%d has %d events, %d were put", s.FirstSeq, s.Seq, s.Events, events)
		}
	}
	for n, word := range said {
		if word != "open" && n > acked && !covered[n] {
			t.Errorf("number %d, of which the agent said %q, is missing", n, word)
		}
	}
}
