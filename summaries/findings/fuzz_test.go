package findings

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"summarizer/summaries"
)

// FuzzObserve shows a detector whatever a frame can say, twice.
func FuzzObserve(f *testing.F) {
	for _, name := range []string{"attack-mix", "executable-storm", "quiet-desktop"} {
		for _, s := range windows(f, minutes(f, name, 2000, 1, 0)) {
			frame, err := summaries.AppendFrame(nil, s, summaries.DefaultFrameSize)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(bytes.TrimRight(frame[summaries.HeaderSize:], "\x00"))
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		if len(payload) > summaries.MaxFrameSize-summaries.HeaderSize {
			return
		}
		s, err := summaries.DecodeFrame(frameOf(payload))
		if err != nil {
			return
		}
		d := detector(t, Config{Programs: 8})
		observe(t, d, s)
		observe(t, d, s)
	})
}

// frameOf is a frame with a payload, its checksum right.
func frameOf(payload []byte) []byte {
	units := max((len(payload)+summaries.HeaderSize+summaries.FrameSizeUnit-1)/summaries.FrameSizeUnit, summaries.MinFrameSize/summaries.FrameSizeUnit)
	frame := make([]byte, units*summaries.FrameSizeUnit)
	copy(frame, "ESUM")
	binary.LittleEndian.PutUint16(frame[4:], 1)
	binary.LittleEndian.PutUint16(frame[6:], uint16(units))
	binary.LittleEndian.PutUint32(frame[8:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(frame[12:], crc32.Checksum(payload, crc32.MakeTable(crc32.Castagnoli)))
	copy(frame[summaries.HeaderSize:], payload)
	return frame
}
