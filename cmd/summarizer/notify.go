package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"summarizer/esbridge"
)

// The service manager's protocol, sd_notify(3). Without NOTIFY_SOCKET nothing is sent.

// notifyReady tells the service manager that what the process serves can be had now.
func notifyReady() { _, _ = daemon.SdNotify(false, daemon.SdNotifyReady) }

// notifyStopping tells it that the process is on its way out.
func notifyStopping() { _, _ = daemon.SdNotify(false, daemon.SdNotifyStopping) }

// watchdog tells the service manager that the process is alive, as often as it wants to hear
// it, as long as alive says so; until ctx ends. It returns at once where nobody asks.
func watchdog(ctx context.Context, alive func() bool) {
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil || limit == 0 {
		return
	}
	tick := time.NewTicker(limit / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if alive() {
				_, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog)
			}
		}
	}
}

// pulse is a source that tells whether batches arrive: a live source delivers one a second.
type pulse struct {
	esbridge.Source
	beats atomic.Uint64
	seen  uint64
}

func (p *pulse) Run(ctx context.Context, deliver func(*esbridge.Batch) error) error {
	return p.Source.Run(ctx, func(b *esbridge.Batch) error {
		err := deliver(b)
		p.beats.Add(1)
		return err
	})
}

// alive tells whether a batch was folded since it was asked before.
func (p *pulse) alive() bool {
	before := p.seen
	p.seen = p.beats.Load()
	return p.seen != before
}
