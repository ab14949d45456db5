package esbridge

import (
	"math"
	"reflect"
	"testing"
)

// counters returns every counter of a tally, whatever fields it has.
func counters(t *Tally) (all []*uint64) {
	v := reflect.ValueOf(t).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Uint64:
			all = append(all, f.Addr().Interface().(*uint64))
		case reflect.Array:
			for j := range f.Len() {
				all = append(all, f.Index(j).Addr().Interface().(*uint64))
			}
		}
	}
	return all
}

// TestTallyAdd: Add adds each counter to its own, and to no other.
func TestTallyAdd(t *testing.T) {
	n := len(counters(new(Tally)))
	if want := NumReasons + NumLifecycles + 4; n != want {
		t.Fatalf("%d counters, want %d: the test does not see them all", n, want)
	}
	for i := range n {
		var a, b, want Tally
		*counters(&a)[i], *counters(&b)[i], *counters(&want)[i] = 3, 4, 7
		if a.Add(&b); a != want {
			t.Errorf("counter %d: %+v", i, a)
		}
		if *counters(&b)[i] != 4 {
			t.Errorf("counter %d: Add changed what it added", i)
		}
	}
}

// TestTallySaturates: no counter wraps.
func TestTallySaturates(t *testing.T) {
	for _, c := range []struct{ a, b, want uint64 }{
		{math.MaxUint64, 1, math.MaxUint64}, {math.MaxUint64 - 1, 1, math.MaxUint64}, {1, math.MaxUint64, math.MaxUint64},
		{math.MaxUint64, math.MaxUint64, math.MaxUint64}, {math.MaxUint64, 0, math.MaxUint64}, {1 << 63, 1<<63 - 1, math.MaxUint64},
	} {
		var a, b Tally
		for i := range counters(&a) {
			*counters(&a)[i], *counters(&b)[i] = c.a, c.b
		}
		a.Add(&b)
		for i, got := range counters(&a) {
			if *got != c.want {
				t.Errorf("counter %d: %d + %d = %d", i, c.a, c.b, *got)
			}
		}
	}
}
