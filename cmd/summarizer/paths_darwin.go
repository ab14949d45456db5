package main

// Where agent and host meet and keep their files unless told otherwise: hier(7).
const (
	defaultSocket = "/var/run/summarizer/agent.sock"
	defaultSpool  = "/var/db/summarizer-agent/spool"
	defaultStore  = "/var/db/summarizer/history.db"
)
