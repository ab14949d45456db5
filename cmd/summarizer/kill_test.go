package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"summarizer/aggregator"
	"summarizer/esbridge"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
	"summarizer/summaries/store"
	"summarizer/summaries/transport"
	"summarizer/summaries/transport/spool"
)

var kills = flag.Int("kills", 200, "how often TestKilled kills agents, and as often hosts")

// killLanes is how many pairs of agent and host TestKilled runs beside each other: they
// mostly wait for their end.
const killLanes = 10

// maxLives is how many lives of an agent an account has room for.
const maxLives = 4096

// account is what a life of an agent writes down outside of itself, where SIGKILL cannot
// take it: how many events it took from its source, and how many of them it had made safe.
type account []byte

const accountSize = 16

func openAccount(path string, lives int) (account, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(int64(lives * accountSize)); err != nil {
		return nil, err
	}
	return unix.Mmap(int(f.Fd()), 0, lives*accountSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

func (a account) set(life, what int, n uint64) {
	binary.LittleEndian.PutUint64(a[life*accountSize+8*what:], n)
}

func (a account) get(life, what int) uint64 {
	return binary.LittleEndian.Uint64(a[life*accountSize+8*what:])
}

const (
	taken = iota
	safe  // what the ring has, as tiles and as the checkpoint
)

// lifeProgram is the program whose events an agent folds in one of its lives.
func lifeProgram(life int) string { return fmt.Sprintf("/life/%d", life) }

// countedBatch events come with each countedTick, countedRate in a second at most: a busy
// machine drops ticks.
const (
	countedBatch = 10
	countedTick  = 2 * time.Millisecond
	countedRate  = countedBatch * uint64(time.Second/countedTick)
	// mostLost is what one kill may take: a second of events, and those of the quarter of a
	// second before the end of a window, in which no checkpoint begins.
	mostLost = countedRate * 5 / 4
)

// countedSource writes down what it hands over before it does.
type countedSource struct {
	life int
	acc  account
}

func (s *countedSource) Info() esbridge.Info { return esbridge.Info{Name: "counted", Live: true} }

func (s *countedSource) Run(ctx context.Context, deliver func(*esbridge.Batch) error) error {
	p := &esbridge.Process{PID: int32(s.life + 1), Start: 1, Executable: []byte(lifeProgram(s.life)), Origin: []byte("life")}
	tick := time.NewTicker(countedTick)
	defer tick.Stop()
	for n := uint64(0); ; {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			at := now.UnixNano()
			e := esbridge.Event{Process: p, Kind: esbridge.Write, Path: []byte("/data/" + strconv.FormatUint(n%100, 10)), Count: countedBatch, First: at, Last: at, Arrival: at}
			n += e.Count
			s.acc.set(s.life, taken, n)
			if err := deliver(&esbridge.Batch{Events: []esbridge.Event{e}, Now: at}); err != nil {
				return err
			}
		}
	}
}

// countedAgent is an agent made to be killed: spool, aggregator and sender as in the agent
// verb, over a source that keeps an account. Arguments: directory, number of this life, window.
func countedAgent() {
	if err := runCountedAgent(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runCountedAgent(dir, number, window string) error {
	life, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	length, err := time.ParseDuration(window)
	if err != nil {
		return err
	}
	acc, err := openAccount(filepath.Join(dir, "account"), maxLives)
	if err != nil {
		return err
	}
	key := sketch.Key{1, 2}
	ring, err := spool.Open(filepath.Join(dir, "spool"), spool.Config{Slots: 8, FrameSize: summaries.MinFrameSize, Key: &key})
	if err != nil {
		return err
	}
	w := &collector{log: zerolog.New(os.Stderr), source: &pulse{Source: &countedSource{life, acc}}, ring: ring, spooled: true}
	w.registry = newRegistry()
	w.counters = newCounters(w.registry)
	tiles := uint64(0) // events of this life in tiles; those of lives before have other programs
	cfg := aggregator.Config{
		Window: length, FrameSize: summaries.MinFrameSize, Key: key,
		Machine: summaries.Machine{ID: "machine", Boot: "boot/" + ring.Session()}, LastSeq: ring.LastSeq(),
		Checkpoint: func(s *summaries.Summary) {
			if ring.Checkpoint(s) == nil {
				acc.set(life, safe, tiles+s.Events)
			}
		},
	}
	if w.agg, err = aggregator.New(cfg); err != nil {
		return err
	}
	w.delivered = func(s *summaries.Summary) {
		if s.Window.Tile {
			tiles += s.Events
			acc.set(life, safe, max(tiles, acc.get(life, safe)))
		}
	}
	if w.sender, err = transport.NewSender(transport.SenderConfig{FrameSize: cfg.FrameSize, Ring: ring, Key: &key}); err != nil {
		return err
	}
	hosts, err := transport.Listen(filepath.Join(dir, "s"), 0, "")
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err = w.collect(ctx, hosts, time.Minute)
	fmt.Fprintf(os.Stderr, "%+v\n%+v\n", w.sender.Stats(), ring.Stats())
	return err
}

// TestKilled kills agents and hosts at random moments, under load. Of each life of an agent
// the store must hold at least what had been made safe, at most what was taken, and the
// gaps in its numbers must show every kill. Every other lane has windows so long that nothing
// but checkpoints saves them.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills for a minute")
	}
	seed := rand.Uint64()
	t.Logf("seed %d, %d kills of each", seed, *kills)
	var lanes sync.WaitGroup
	var recovered atomic.Int64
	for lane := range killLanes {
		l := &killLane{t: t, recovered: &recovered, dir: shortDir(t), random: rand.New(rand.NewPCG(seed, uint64(lane))), window: []time.Duration{700 * time.Millisecond, 5 * time.Second}[lane%2]}
		lanes.Go(func() {
			if err := l.run(max(*kills/killLanes, 1)); err != nil {
				t.Errorf("lane %d: %v", lane, err)
			}
			if t.Failed() {
				log, _ := os.ReadFile(l.log())
				t.Logf("lane %d: what its programs had to say at the end:\n%s", lane, log[max(len(log)-4000, 0):])
			}
		})
	}
	lanes.Wait()
	t.Logf("%d windows were recovered", recovered.Load())
	if recovered.Load() < int64(*kills/40) {
		t.Errorf("%d windows were recovered after %d kills", recovered.Load(), *kills)
	}
}

// shortDir is a directory whose name leaves room for that of a socket.
func shortDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "k") //nolint:usetesting // t.TempDir has the name of the test in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

type killLane struct {
	t           *testing.T
	dir         string
	random      *rand.Rand
	window      time.Duration
	recovered   *atomic.Int64 // windows that only a checkpoint can have saved, of all lanes
	agent, host *exec.Cmd
	lives       int
}

func (l *killLane) start(name string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(name, args...)
	log, err := os.OpenFile(l.log(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	l.t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, nil
}

func (l *killLane) startAgent() (err error) {
	l.agent, err = l.start("counted-agent", l.dir, strconv.Itoa(l.lives), l.window.String())
	l.lives++
	return err
}

func (l *killLane) startHost() (err error) {
	l.host, err = l.start("summarizer", "host", "--log-level", "warn", "--dashboard", "off", "--socket", filepath.Join(l.dir, "s"), "--store", l.store())
	return err
}

func (l *killLane) log() string { return filepath.Join(l.dir, "log") }

func (l *killLane) store() string { return filepath.Join(l.dir, "history.db") }

func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // says that it was killed
}

// awaitAgent waits until the last agent folds, and so knows what to do when it is asked to stop.
func (l *killLane) awaitAgent() error {
	acc, err := openAccount(filepath.Join(l.dir, "account"), maxLives)
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(patience); acc.get(l.lives-1, taken) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("life %d never began", l.lives-1)
		}
	}
	return nil
}

// run kills n agents and n hosts, lets the last agent end in good order, and checks.
func (l *killLane) run(n int) error {
	if err := errors.Join(l.startHost(), l.startAgent()); err != nil {
		return err
	}
	for agents, hosts := n, n; agents+hosts > 0; {
		time.Sleep(time.Duration(l.random.IntN(1800)) * time.Millisecond)
		var err error
		if hosts == 0 || agents > 0 && l.random.IntN(2) == 0 {
			agents--
			kill(l.agent)
			err = l.startAgent()
		} else {
			hosts--
			kill(l.host)
			err = l.startHost()
		}
		if err != nil {
			return err
		}
	}
	if err := l.awaitAgent(); err != nil {
		return err
	}
	// The agent waits until the host, where one is connected, has taken everything.
	err := end(l.agent)
	kill(l.host)
	return errors.Join(err, l.check())
}

// end asks a program to stop in good order.
func end(cmd *exec.Cmd) error {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s, asked to stop: %w", filepath.Base(cmd.Path), err)
	}
	return nil
}

func (l *killLane) check() error {
	acc, err := openAccount(filepath.Join(l.dir, "account"), maxLives)
	if err != nil {
		return err
	}
	st, err := store.Open(l.store(), store.Config{})
	if err != nil {
		return err
	}
	defer st.Close()
	if err := l.takeRest(st); err != nil {
		return err
	}
	q := store.Query{Range: store.Range{From: 0, To: time.Now().Add(time.Hour).UnixNano()}, Limit: 10_000}
	table, err := st.TopPrograms(l.t.Context(), q)
	if err != nil {
		return err
	}
	stored := map[string]uint64{}
	for _, row := range table.Rows {
		stored[string(row.Program.Path)] = row.Events
	}
	var lost, worst, left uint64
	for life := range l.lives {
		got, least, most := stored[lifeProgram(life)], acc.get(life, safe), acc.get(life, taken)
		if got < least || got > most {
			l.t.Errorf("life %d: the store has %d events, %d were safe and %d were taken", life, got, least, most)
		} else if most-got > mostLost {
			l.t.Errorf("life %d: %d events lost, more than a second of them", life, most-got)
		}
		lost, worst = lost+most-got, max(worst, most-got)
		left += min(least, 1)
	}
	l.t.Logf("windows of %v, %d lives: %d events lost, at most %d in one, %d stored", l.window, l.lives, lost, worst, table.Total.Events)
	return errors.Join(l.countRecovered(st), l.checkGaps(st, q.Range, left-1, uint64(l.lives-1)))
}

// takeRest stores what waits in the spool, where no host was connected when the last agent
// ended: it is safe there.
func (l *killLane) takeRest(st *store.Store) error {
	key := sketch.Key{1, 2}
	ring, err := spool.Open(filepath.Join(l.dir, "spool"), spool.Config{Slots: 8, FrameSize: summaries.MinFrameSize, Key: &key})
	if err != nil {
		return err
	}
	for {
		frame, seq, ok := ring.Next(nil)
		if !ok {
			return ring.Close()
		}
		s, err := summaries.DecodeFrame(frame)
		if err == nil {
			_, err = st.Ingest(l.t.Context(), s, frame)
		}
		if err != nil {
			return errors.Join(err, ring.Close())
		}
		ring.Ack(seq)
	}
}

func (l *killLane) countRecovered(st *store.Store) error {
	for s, err := range st.Summaries(l.t.Context(), everything()) {
		if err != nil {
			return err
		}
		if l.window > time.Second && s.Window.EndReason == summaries.Recovered {
			l.recovered.Add(1)
		}
	}
	return nil
}

// checkGaps wants one number missing for each agent that was killed once it had left
// anything; one that was killed earlier may share that of the one before.
func (l *killLane) checkGaps(st *store.Store, r store.Range, least, most uint64) error {
	gaps, err := st.Gaps(l.t.Context(), r, 0)
	if err != nil {
		return err
	}
	missing := uint64(0)
	for _, g := range gaps {
		missing += g.Last - g.First + 1
	}
	if missing < least || missing > most {
		l.t.Errorf("%d numbers are missing after %d to %d kills: %+v", missing, least, most, gaps)
	}
	if out, err := exec.Command("summarizer", "check", l.store(), filepath.Join(l.dir, "spool")).CombinedOutput(); err != nil {
		return fmt.Errorf("check: %w\n%s", err, out)
	}
	return nil
}
