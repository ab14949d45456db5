package native

import (
	"errors"
	"fmt"
)

// ErrOpen is what Run fails with where this program may not use Endpoint Security, or cannot:
// the rest of the text says why and what to do about it.
var ErrOpen = errors.New("opening Endpoint Security")

// failures are the results of es_new_client (es_new_client_result_t), from 1, each with what to
// do about it.
var failures = [...]struct{ name, remedy string }{
	1: {"INVALID_ARGUMENT", "this build does not fit this macOS: install a newer one"},
	2: {"INTERNAL", "the Endpoint Security subsystem failed: try again, and restart the Mac if it stays so"},
	3: {"NOT_ENTITLED", "the entitlement com.apple.developer.endpoint-security.client is missing: run a build that is signed with it inside its bundle, or use --source eslogger, which needs none"},
	4: {"NOT_PERMITTED", "Full Disk Access is missing: grant it to this program in System Settings > Privacy & Security > Full Disk Access, or by a profile of your device management, and start it anew"},
	5: {"NOT_PRIVILEGED", "it needs root: start this program with sudo, or as a launch daemon"},
	6: {"TOO_MANY_CLIENTS", "too many Endpoint Security clients are running, and this program needs two: stop another, and start again"},
}

// openError says why clients could not be made: the result of es_new_client, or 0 where there
// was no memory for them.
func openError(result uint32) error {
	if result == 0 {
		return fmt.Errorf("%w: no memory, or rings and slots of a size that is no power of two; lower their sizes", ErrOpen)
	}
	name, remedy := fmt.Sprintf("result %d", result), "this macOS says something that this build does not know: install a newer one"
	if result < uint32(len(failures)) {
		name, remedy = "ES_NEW_CLIENT_RESULT_ERR_"+failures[result].name, failures[result].remedy
	}
	return fmt.Errorf("%w: %s; %s", ErrOpen, name, remedy)
}
