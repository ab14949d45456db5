package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// victim names the store that this process is to write until it is killed.
const victim = "STORE_TEST_VICTIM"

func TestMain(m *testing.M) {
	if path := os.Getenv(victim); path != "" {
		if err := writeUntilKilled(path); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}

// writeUntilKilled stores tiles behind those that are there, and says each number when it
// has been stored. It maintains the store meanwhile.
func writeUntilKilled(path string) error {
	now := &clock{noon + buckets[Day]}
	s, err := Open(path, Config{Now: now.now, Keep: [NumLevels]time.Duration{Raw: 23 * time.Hour}})
	if err != nil {
		return err
	}
	m, ctx := newMaker(uint64(time.Now().UnixNano())), context.Background()
	var have uint64
	if err := s.reader.QueryRow("SELECT coalesce(max(last_seq), 0) FROM runs").Scan(&have); err != nil {
		return err
	}
	go func() {
		for {
			if err := s.Maintain(ctx); err != nil {
				fmt.Println("error:", err)
				os.Exit(1)
			}
		}
	}()
	t := new(testing.T)
	for seq := have + 1; ; seq++ {
		sum, frame := m.frame(t, m.tile("b/s", seq, seq, noon+int64(seq)*10e9, 10e9, 6))
		if added, err := s.Ingest(ctx, sum, frame); err != nil || !added {
			return fmt.Errorf("storing %d: added %v, %w", seq, added, err)
		}
		fmt.Println(seq)
	}
}

// A host that is killed at any moment has lost nothing that Ingest returned for, and has no
// window by halves. STORE_KILLS sets how often; it is 20 times else.
func TestKill(t *testing.T) {
	kills := 20
	if n, err := strconv.Atoi(os.Getenv("STORE_KILLS")); err == nil {
		kills = n
	}
	path := filepath.Join(t.TempDir(), "history")
	openTest(t, path, Config{}).Close()
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	var acknowledged uint64
	for i := range kills {
		acknowledged = max(acknowledged, killed(t, path, 1+rng.IntN(20)))
		r, err := Check(path)
		if err != nil || !r.OK() || r.Gaps != 0 {
			t.Fatalf("after %d kills: %+v, %v", i+1, r, err)
		}
	}
	s := openTest(t, path, Config{})
	var last uint64
	if err := s.reader.QueryRow("SELECT last_seq FROM runs").Scan(&last); err != nil || last < acknowledged {
		t.Errorf("%d was acknowledged, %d is stored, %v", acknowledged, last, err)
	}
	check(t, s)
}

// killed runs a victim and kills it when it has stored some windows and is about to store
// more. It returns the last number that the victim said it had stored.
func killed(t *testing.T, path string, after int) (last uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victim+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		seq, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			t.Fatal(lines.Text())
		}
		last = seq
		if after--; after == 0 {
			cmd.Process.Kill() // what it wrote before it died is still read
		}
	}
	cmd.Wait()
	if after > 0 {
		t.Fatal("the victim ended by itself")
	}
	return last
}
