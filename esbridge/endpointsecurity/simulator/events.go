package simulator

// offsets are where the events of a kind have their files, in es_message_t; 0 is nowhere.
var offsets = map[uint32]struct{ target, source, dir int }{
	14:  {target: 112, source: 104}, // exchangedata
	19:  {source: 104, dir: 112},    // link
	26:  {target: 128},              // setattrlist
	27:  {target: 104},              // setextattr
	28:  {target: 112},              // setflags
	29:  {target: 112},              // setmode
	30:  {target: 112},              // setowner
	32:  {target: 104},              // unlink
	33:  {target: 104},              // write
	41:  {target: 104},              // truncate
	59:  {target: 104},              // utimes
	61:  {source: 104, dir: 112},    // clone
	70:  {target: 104},              // deleteextattr
	82:  {target: 104},              // setacl
	110: {source: 104, dir: 120},    // copyfile
	12:  {target: 112},              // close
	10:  {target: 112},              // open, which nobody folds
	13:  {},                         // create
	25:  {source: 104},              // rename
}

// Types are the events that messages can be made of: every file event that is folded, exec, fork,
// exit, and open.
func Types() (types []uint32) {
	types = []uint32{9, 11, 15}
	for t := range uint32(256) {
		if _, ok := offsets[t]; ok {
			types = append(types, t)
		}
	}
	return types
}

func (im *Image) putEvent(m *Message) {
	switch m.Type {
	case 9, 11:
		im.putProcess(104, m.Subject, m.Version)
		return
	case 15:
		im.put32(104, 9)
		return
	case 12:
		im.put8(104, m.Modified)
		im.put8(120, m.MappedWritable && m.Version >= 6)
		if m.Version < 6 {
			im.Bytes[120] = junk // that version has no such member
		}
	case 13:
		im.putDestination(104, m)
	case 25:
		im.putDestination(112, m)
	}
	at := offsets[m.Type]
	if at.target > 0 {
		im.putTarget(at.target, m)
	}
	if at.source > 0 {
		im.putFile(at.source, m.Source)
	}
	if at.dir > 0 {
		im.putFile(at.dir, m.Dir)
		im.putString(at.dir+8, m.Name)
	}
}

func (im *Image) putTarget(at int, m *Message) {
	if m.WithoutTarget {
		im.put64(at, 0)
		return
	}
	to := im.block(0)
	im.putFile(at, m.Target)
	if m.AbsurdPathBytes > 0 {
		im.put64(to, m.AbsurdPathBytes)
	}
}

// putDestination writes es_destination_type_t and the union behind it.
func (im *Image) putDestination(at int, m *Message) {
	im.put32(at, m.Destination)
	switch m.Destination {
	case 0:
		im.putTarget(at+8, m)
	case 1:
		im.putFile(at+8, m.Dir)
		im.putString(at+16, m.Name)
	}
}
