package endpointsecurity

// Offsets in the structures of Endpoint Security, in bytes, the same on arm64 and x86_64.
// Structures are only ever appended to. native/es_abi.h has the same as C structures.
const (
	messageVersion   = 0
	messageSec       = 8
	messageNsec      = 16
	messageProcess   = 40
	messageSeq       = 48
	messageAction    = 56
	messageResult    = 60
	messageAuth      = 64
	messageEventType = 96
	messageEvent     = 104 // a union of 104 bytes; offsets below are those in the message
	messageGlobalSeq = 216
	messageSize      = 224
	messageSizeOld   = 208 // before versionGlobalSeq

	writeTarget       = 104 // and truncate, unlink, utimes, setextattr, deleteextattr, setacl
	closeModified     = 104
	closeTarget       = 112
	closeMapped       = 120
	createType        = 104
	createDestination = 112
	renameSource      = 104
	renameType        = 112
	renameDestination = 120
	linkSource        = 104 // and clone
	linkDir           = 112
	linkName          = 120
	copyfileSource    = 104
	copyfileDir       = 120
	copyfileName      = 128
	exchangeFile1     = 104
	exchangeFile2     = 112
	setTarget         = 112 // setmode, setowner, setflags
	setattrlistTarget = 128
	execTarget        = 104 // and the child of fork

	newPathDir  = 0 // in a destination
	newPathName = 8

	filePath      = 0
	fileTruncated = 16
	fileDev       = 24
	fileIno       = 32
	fileLength    = 120
	fileSize      = 168

	processToken       = 0
	processPPID        = 32
	processFlags       = 48
	processPlatform    = 52
	processCDHash      = 54
	processSigningID   = 80
	processTeamID      = 96
	processExecutable  = 112
	processStartSec    = 128
	processStartUsec   = 136
	processResponsible = 144
	processParent      = 176
	processSize        = 208
	processSizeStart   = 144 // before versionTokens
	processSizeOld     = 128 // before versionStart

	tokenEUID    = 4
	tokenPID     = 20
	tokenVersion = 28

	cdhashSize = 20
)

// The first message version that has a field.
const (
	versionSeq       = 2
	versionStart     = 3
	versionGlobalSeq = 4
	versionTokens    = 4 // responsible and parent audit tokens
	versionMapped    = 6
)

const (
	actionNotify = 1
	resultAuth   = 0
	authDeny     = 1
	existingFile = 0
	newPath      = 1
	csAdhoc      = 0x2 // CS_ADHOC (XNU, osfmk/kern/cs_blobs.h): nobody vouches for the signature
)
