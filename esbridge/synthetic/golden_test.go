package synthetic

// golden are digests of the first 5,000 events with seed 42.
var golden = map[string]uint64{
	"one-file-flood":      0x3daafcc0b486fe6a,
	"many-process-flood":  0xfa2113d154f6f0a9,
	"distinct-flood":      0x578020f780a94526,
	"one-dir-per-file":    0x291d8d71a4ab64c2,
	"deep-paths":          0x4b5644cebaf9c84,
	"fork-storm":          0x21182abaee0e238f,
	"executable-storm":    0x7ce3fb3b18d41667,
	"hidden-heavy-hitter": 0x683f7277a0626eff,
	"attack-mix":          0xafcd75c8df50730d,
	"quiet-desktop":       0x19b815b92ecb8535,
	"zipf":                0x83cdb3ccb8de6019,
	"compile":             0x7b89a7c07d90aae2,
	"unpack":              0xb5062a5df3c96c9e,
	"backup":              0xc29095d05b86f474,
	"browser":             0xe55c8aec01bc4660,
	"indexer":             0x39fa5fdf1b8c2478,
}
