package main

import (
	"github.com/apache/datasketches-go/common"
	"github.com/apache/datasketches-go/frequencies"
	kk "github.com/keilerkonzept/topk"
	segmentio "github.com/segmentio/topk"

	"summarizer/esbridge"
)

// The libraries keep the strings they are given, so each event takes one of its own.

// segmentioRows: it looks for a key in its heap from end to end, so that more rows than
// this would only make it slower yet.
const segmentioRows = 1000

const decay = 0.9 // what both HeavyKeepers recommend

// heavyKeeper is HeavyKeeper (Gong et al., USENIX ATC 2018) of segmentio/topk.
type heavyKeeper struct {
	*segmentio.HeavyKeeper
	key []byte
}

func newSegmentio() contender {
	return &heavyKeeper{HeavyKeeper: segmentio.New(segmentioRows, decay)}
}

func (h *heavyKeeper) add(e *esbridge.Event) {
	h.key = pairKey(h.key, e.Process, e.Path)
	h.Sample(string(h.key), uint32(e.Count))
}

func (h *heavyKeeper) reset() { h.Reset() }

func (h *heavyKeeper) report() report {
	listed := map[string]interval{}
	for _, f := range h.Top() {
		listed[f.Flow] = interval{uint64(f.Count), uint64(f.Count)}
	}
	return report{listed: listed, unbounded: true}
}

// keiler is HeavyKeeper of keilerkonzept/topk.
type keiler struct {
	*kk.Sketch
	key []byte
}

func newKeiler() contender { return &keiler{Sketch: kk.New(rows, kk.WithDecay(decay))} }

func (k *keiler) add(e *esbridge.Event) {
	k.key = pairKey(k.key, e.Process, e.Path)
	k.Add(string(k.key), uint32(e.Count))
}

func (k *keiler) reset() { k.Reset() }

func (k *keiler) report() report {
	listed := map[string]interval{}
	for _, f := range k.SortedSlice() {
		listed[f.Item] = interval{uint64(f.Count), uint64(f.Count)}
	}
	return report{listed: listed, unbounded: true}
}

// frequent is the Frequent Items sketch (Anderson et al., arXiv 1705.07001) of
// apache/datasketches-go.
type frequent struct {
	*frequencies.ItemsSketch[string]
	key []byte
}

// frequentMapSize holds three quarters as many rows: the power of two with at least as many
// as the others have.
const frequentMapSize = 1 << 15

func newFrequent() contender {
	s, err := frequencies.NewFrequencyItemsSketchWithMaxMapSize[string](frequentMapSize, common.ItemSketchStringHasher{}, common.ItemSketchStringSerDe{})
	if err != nil {
		panic(err) // the size is a power of two
	}
	return &frequent{ItemsSketch: s}
}

func (f *frequent) add(e *esbridge.Event) {
	f.key = pairKey(f.key, e.Process, e.Path)
	if err := f.UpdateMany(string(f.key), int64(e.Count)); err != nil {
		panic(err) // only for a negative count
	}
}

func (f *frequent) reset() {
	if err := f.Reset(); err != nil {
		panic(err) // only for a size that is no power of two
	}
}

func (f *frequent) report() report {
	items, err := f.GetFrequentItems(frequencies.ErrorTypeEnum.NoFalseNegatives)
	if err != nil {
		panic(err) // as in reset
	}
	listed := map[string]interval{}
	for _, r := range items {
		listed[r.GetItem()] = interval{uint64(r.GetLowerBound()), uint64(r.GetUpperBound())}
	}
	most := uint64(f.GetMaximumError())
	return report{listed: listed, unlisted: func(string, string) uint64 { return most }}
}
