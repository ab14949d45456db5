// Pins what summarizer is compared with, apart from its own dependencies.
module summarizer/compare

go 1.26.0

replace summarizer => ../

require (
	github.com/apache/datasketches-go v0.2.0
	github.com/keilerkonzept/topk v1.1.4
	github.com/segmentio/topk v0.1.1
	summarizer v0.0.0-00010101000000-000000000000
)

require (
	github.com/OneOfOne/xxhash v1.2.8 // indirect
	github.com/axiomhq/hyperloglog v0.3.0 // indirect
	github.com/dchest/siphash v1.2.3 // indirect
	github.com/dgryski/go-metro v0.0.0-20250106013310-edb8663e5e33 // indirect
	github.com/kamstrup/intmap v0.5.2 // indirect
	github.com/tidwall/btree v1.8.2 // indirect
	github.com/twmb/murmur3 v1.1.8 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
