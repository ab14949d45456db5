package native

// block is a block literal without variables, laid out by hand
// (clang.llvm.org/docs/Block-ABI-Apple.html). Marked global, it is neither copied nor freed by
// who keeps it, so it has to stay where it is: Go does not move what is on its heap, and
// whoever makes one keeps a pointer to it.
type block struct {
	isa        uintptr // address of _NSConcreteGlobalBlock
	flags      int32
	_          int32
	invoke     uintptr // of C: void (*)(struct block *, arguments…)
	descriptor *blockDescriptor
}

type blockDescriptor struct{ _, size uintptr }

const (
	blockIsGlobal = 1 << 28
	blockSize     = 32
)

func newBlock(isa, invoke uintptr) *block {
	return &block{isa: isa, flags: blockIsGlobal, invoke: invoke, descriptor: &blockDescriptor{size: blockSize}}
}
