package export

import (
	"strings"
	"testing"
)

// FuzzNames writes names of any bytes in every format: what is read back is one record with
// the exact path.
func FuzzNames(f *testing.F) {
	for i, name := range hostileNames {
		f.Add(name, "/tmp/"+name+"/"+name, hostileNames[len(hostileNames)-1-i])
	}
	f.Fuzz(func(t *testing.T, program, path, host string) {
		path = "/" + strings.Trim(path, "/") + "x"
		s := named(program, path, host)
		for _, format := range Formats() {
			b, _ := exported(t, Config{Format: format}, s)
			got := readers[format](t, b)
			if got.records != 1 || got.events != 1 || len(got.paths) != 1 || got.paths[0] != path {
				t.Fatalf("%s: %+v, want the path %q in %q", format, got, path, b)
			}
		}
	})
}
