package summaries

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
)

func valueOf[T any](p *T) reflect.Value { return reflect.ValueOf(p).Elem() }

// fill gives every field below v a value of its own, and every slice two elements.
func fill(n *uint64, v reflect.Value) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(n, v.Field(i))
		}
		fix(v.Addr().Interface())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(n, v.Index(i))
		}
	case reflect.String:
		v.SetString(strings.Repeat("s", int(*n%100+1)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(*n))
	case reflect.Uint8:
		v.SetUint(*n%5 + 1)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(*n)
	default:
		panic("summary with a field of kind " + v.Kind().String() + ": teach the codec and this test about it")
	}
}

// fix mends what no codec could carry: a length below that of its path.
func fix(v any) {
	switch v := v.(type) {
	case *Program:
		v.PathLen += len(v.Path)
	case *Path:
		v.PathLen += len(v.Path)
	}
}

// A field added to any type of a summary and forgotten by the codec is lost here.
func TestEveryFieldIsEncoded(t *testing.T) {
	want := widest()
	wire, err := proto.Marshal(encodeSummary(want))
	if err != nil {
		t.Fatal(err)
	}
	m := encodeSummary(&Summary{})
	if err := proto.Unmarshal(wire, m); err != nil {
		t.Fatal(err)
	}
	got, err := decodeSummary(m)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "summary", reflect.ValueOf(*got), reflect.ValueOf(*want))
}

// compare names the fields that differ.
func compare(t *testing.T, name string, got, want reflect.Value) {
	t.Helper()
	switch {
	case reflect.DeepEqual(got.Interface(), want.Interface()):
	case want.Kind() == reflect.Struct:
		for i := range want.NumField() {
			compare(t, name+"."+want.Type().Field(i).Name, got.Field(i), want.Field(i))
		}
	case want.Kind() == reflect.Slice && got.Len() == want.Len() && want.Type().Elem().Kind() == reflect.Struct:
		for i := range want.Len() {
			compare(t, name+"[]", got.Index(i), want.Index(i))
		}
	default:
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

// What a summary says survives the frame, whatever it says.
func TestFrameIsLossless(t *testing.T) {
	m := newMaker(t, 1)
	for range 300 {
		want := m.summary()
		frame, err := AppendFrame(nil, want, MaxFrameSize)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeFrame(frame)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			compare(t, "summary", reflect.ValueOf(*got), reflect.ValueOf(*want))
			t.Fatal("lost in the frame")
		}
	}
}

// Rows that share an allocation do not share what is appended to them.
func TestDecodedPathsAreApart(t *testing.T) {
	s, err := DecodeFrame(frameOf(t, sample(), MinFrameSize))
	if err != nil {
		t.Fatal(err)
	}
	rows := s.Origins[0].Programs[0].Processes[0].Paths
	_ = append(rows[0].Path, "overwritten"...)
	if string(rows[1].Path) != "/tmp/x/hot" {
		t.Errorf("row 1 is %q after row 0 was appended to", rows[1].Path)
	}
}

func TestTimesAreLossless(t *testing.T) {
	extremes := []int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MinInt64 + 1, 1 << 62, -1 << 62, 1_767_322_740e9}
	for _, base := range extremes {
		for _, want := range extremes {
			if got := decodeTime(encodeTime(want, base), base); got != want {
				t.Errorf("time %d from base %d comes back as %d", want, base, got)
			}
		}
	}
}

func TestEqualSummariesGiveEqualFrames(t *testing.T) {
	a, b := newMaker(t, 2).summary(), newMaker(t, 2).summary()
	first, err := AppendFrame(nil, a, MaxFrameSize)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		used := append(bytes.Repeat([]byte{0xff}, 2*MaxFrameSize)[:0], "before"...)
		again, err := AppendFrame(used, b, MaxFrameSize)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again[len("before"):], first) || string(again[:len("before")]) != "before" {
			t.Fatal("the same summary gave two frames")
		}
	}
}

// The host name is whatever the machine says; it must not make a frame unreadable.
func TestStringsThatAreNotUTF8AreMended(t *testing.T) {
	s := minimal()
	s.Machine.Hostname = "h\xffost"
	s.Findings = []Finding{{Kind: "k\xff", Severity: "s\xff", Text: "t\xff", Program: []byte("/p\xff")}}
	frame, err := AppendFrame(nil, s, MinFrameSize)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeFrame(frame)
	if err != nil {
		t.Fatal(err)
	}
	f := got.Findings[0]
	if got.Machine.Hostname != "h\uFFFDost" || f.Kind != "k\uFFFD" || f.Severity != "s\uFFFD" || f.Text != "t\uFFFD" || string(f.Program) != "/p\xff" {
		t.Errorf("got %+v", got)
	}
	if s.Machine.Hostname != "h\xffost" {
		t.Error("encoding changed the summary")
	}
}

// A frame is full or the summary whole: nothing is cut.
func TestFrameTooSmall(t *testing.T) {
	s := minimal()
	s.Muted = []MuteRule{{Rule: strings.Repeat("r", MinFrameSize-100)}}
	for proto.Size(encodeSummary(s)) < MinFrameSize-HeaderSize {
		s.Muted[0].Rule += "r"
	}
	frame, err := AppendFrame(nil, s, MinFrameSize)
	if err != nil || len(frame) != MinFrameSize {
		t.Fatalf("%d bytes, %v", len(frame), err)
	}
	if got, err := DecodeFrame(frame); err != nil || !reflect.DeepEqual(got, s) {
		t.Fatalf("a full frame does not come back: %v", err)
	}
	s.Muted[0].Rule += "r"
	frame, err = AppendFrame([]byte("before"), s, MinFrameSize)
	if !errors.Is(err, ErrTooLarge) || string(frame) != "before" {
		t.Errorf("%d bytes, %v", len(frame), err)
	}
	for _, size := range []int{-1, 0, MinFrameSize - FrameSizeUnit, MinFrameSize + 1, MaxFrameSize + FrameSizeUnit} {
		if _, err := AppendFrame(nil, minimal(), size); !errors.Is(err, ErrLength) {
			t.Errorf("frame size %d: %v", size, err)
		}
	}
}

// minimal is the least that is a summary.
func minimal() *Summary { return &Summary{Window: Window{Hop: 1}} }
