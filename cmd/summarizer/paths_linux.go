package main

// Where agent and host meet and keep their files unless told otherwise: file-hierarchy(7).
const (
	defaultSocket = "/run/summarizer/agent.sock"
	defaultSpool  = "/var/lib/summarizer-agent/spool"
	defaultStore  = "/var/lib/summarizer/history.db"
)
