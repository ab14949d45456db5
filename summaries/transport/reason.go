package transport

// Reason is why a connection of a Sender ended. Every accepted connection ends for one.
type Reason uint8

// What a Reason says in full is for people; String is a short name for metrics.
const (
	Hangup              Reason = iota // the host closed it, or died
	Stopped                           // the sender was stopped
	Replaced                          // a newer keeper came
	NoCredentials                     // the kernel did not tell who it is
	ForbiddenUser                     // the policy does not allow the user
	ForbiddenExecutable               // the policy does not allow what the process runs
	TooMany                           // there are MaxWatchers watchers already
	Crowded                           // did not say what it is before too many others came
	Silent                            // did not say what it is in time
	Slow                              // did not take a frame in time
	Unacknowledged                    // did not acknowledge a frame in time
	Malformed                         // sent something that is no acknowledgement
	WrongNumber                       // acknowledged what it was not sent
	NumReasons                 = iota

	allowed Reason = 255
)

var reasons = [NumReasons]struct{ name, text string }{
	{"hangup", "closed the connection"},
	{"stopped", "was connected when the agent stopped"},
	{"replaced", "was replaced by a newer keeper: run one host that keeps history"},
	{"no_credentials", "cannot be identified"},
	{"forbidden_user", "may not connect: allow its user or one of its groups if it should"},
	{"forbidden_executable", "does not run an allowed program: add it if it should connect"},
	{"too_many", "is one watcher too many: stop another, or allow more"},
	{"crowded", "had to make room before it said what it is"},
	{"silent", "did not say what it is in time"},
	{"slow", "did not take a frame in time"},
	{"unacknowledged", "did not acknowledge a frame in time"},
	{"malformed", "sent something that is no acknowledgement"},
	{"wrong_number", "acknowledged a frame that it was not sent"},
}

func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r].name
	}
	return "invalid"
}
