package eslogger

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"summarizer/esbridge"
)

// grace is how long a tool that has been killed, or has closed its output, may take to end.
const grace = time.Second

// settle is how long after the tool ended ctx may end for both to be one event: an interrupt
// from the terminal goes to the whole process group, and the tool may be the first to obey.
const settle = 200 * time.Millisecond

// Command says how to start eslogger. The zero value starts /usr/bin/eslogger with
// DefaultEvents.
type Command struct {
	Path   string   // of the tool, or its name in PATH
	Events []string // short names, as `eslogger --list-events` tells them
}

// Tool is the source that starts eslogger and reads what it writes.
type Tool struct {
	command Command
}

// Spawn makes a source that runs c. It is live.
//
// The tool stays in our process group, because eslogger suppresses the events of its own
// group: that is how our own writes, and those of everything started from the same job, are
// kept from coming back as events. Nobody counts them; see MuteRules.
func Spawn(c Command) *Tool {
	if c.Path == "" {
		c.Path = "/usr/bin/eslogger"
	}
	if len(c.Events) == 0 {
		c.Events = DefaultEvents()
	}
	return &Tool{command: c}
}

// Info implements esbridge.Source.
func (t *Tool) Info() esbridge.Info { return esbridge.Info{Name: "eslogger", Live: true} }

// MuteRules names the rules by which eslogger leaves out events without counting them.
func (t *Tool) MuteRules() []string {
	return []string{"process group of the summarizer, by eslogger"}
}

// Run implements esbridge.Source. The tool is killed when ctx is done or deliver fails. That
// it ends by itself is an error.
func (t *Tool) Run(ctx context.Context, deliver func(*esbridge.Batch) error) error {
	child, kill := context.WithCancel(ctx)
	defer kill()
	cmd := exec.CommandContext(child, t.command.Path, t.command.Events...)
	var stderr tail
	cmd.Stderr = &stderr
	cmd.WaitDelay = grace
	out, err := start(cmd)
	if err != nil {
		return startFailure(t.command.Path, err)
	}
	defer out.Close()

	if err := NewReader(t.command.Path, out, true).Run(ctx, deliver); err != nil {
		kill()
		_ = cmd.Wait() // we killed it
		return err
	}
	late := time.AfterFunc(grace, kill)
	defer late.Stop()
	err = cmd.Wait()
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(settle):
		return exitFailure(t.command.Path, err, stderr.String())
	}
}

// start starts cmd and returns the end of a pipe that its output comes out of. Unlike
// exec.Cmd.StdoutPipe it lets the reader see the end of the output before Wait closes it.
func start(cmd *exec.Cmd) (out *os.File, err error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	defer in.Close()
	cmd.Stdout = in
	if err := cmd.Start(); err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}
