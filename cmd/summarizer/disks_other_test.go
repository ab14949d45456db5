//go:build !linux

package main

import "testing"

func mounted(t *testing.T, _, _ string, _ uintptr) string {
	t.Helper()
	t.Skip("a disk that is full or read-only is mounted on Linux only")
	return ""
}

func readOnly(t *testing.T, dir string) string { return mounted(t, dir, "", 0) }

func asUser(t *testing.T, _ *process, _ int, _, _ string) {
	t.Helper()
	t.Skip("programs of several users are started on Linux only")
}
