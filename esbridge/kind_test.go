package esbridge

import (
	"testing"
)

// TestKindNames: the names are those of the JSON summary, in order, and lead back to the
// kinds.
func TestKindNames(t *testing.T) {
	want := []string{
		"create", "write", "truncate", "rename", "link", "clone", "copy", "exchange", "unlink",
		"setattr", "close_modified", "mapped_write", "other",
	}
	if len(want) != NumKinds || Other != NumKinds-1 {
		t.Fatalf("%d kinds, the last is %d", NumKinds, Other)
	}
	for i, name := range want {
		if got := Kind(i).String(); got != name {
			t.Errorf("kind %d is %q, want %q", i, got, name)
		}
		if k, ok := KindByName(name); !ok || k != Kind(i) {
			t.Errorf("%q is %d, %v", name, k, ok)
		}
	}
	for _, name := range []string{"", "invalid", "Write", "writes"} {
		if k, ok := KindByName(name); ok {
			t.Errorf("%q is kind %v", name, k)
		}
	}
}

// TestNamesOutOfRange: a value that was never named says so, and does not panic.
func TestNamesOutOfRange(t *testing.T) {
	for _, n := range []uint8{NumKinds, NumKinds + 1, 255} {
		if got := Kind(n).String(); got != "invalid" {
			t.Errorf("kind %d is %q", n, got)
		}
	}
	for _, n := range []uint8{NumReasons, 255} {
		if got := Reason(n).String(); got != "invalid" {
			t.Errorf("reason %d is %q", n, got)
		}
	}
	for _, n := range []uint8{NumLifecycles, 255} {
		if got := Lifecycle(n).String(); got != "invalid" {
			t.Errorf("lifecycle %d is %q", n, got)
		}
	}
}

// TestReasonNames: the names are keys of the JSON summary, each of one reason.
func TestReasonNames(t *testing.T) {
	want := map[Reason]string{
		BadJSON: "bad_json", TooLong: "too_long", BadField: "bad_field", MissingField: "missing_field",
		BadEvent: "bad_event", Unsupported: "unsupported",
	}
	if len(want) != NumReasons {
		t.Fatalf("%d reasons are named, there are %d", len(want), NumReasons)
	}
	for r, name := range want {
		if r.String() != name {
			t.Errorf("reason %d is %q, want %q", r, r, name)
		}
	}
	for l, name := range map[Lifecycle]string{Exec: "exec", Fork: "fork", Exit: "exit"} {
		if l.String() != name {
			t.Errorf("lifecycle %d is %q, want %q", l, l, name)
		}
	}
}
