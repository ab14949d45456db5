package aggregator

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"summarizer/esbridge"
)

// muteConditions is what an error says is possible.
const muteConditions = "exe=/path, exe-prefix=/path, signing-id=ID, team-id=ID, path=/prefix, kind=write|create, pid=N or uid=N, joined by commas"

// ParseMute reads a rule in the form that MuteRule describes. The error says what is wrong
// and what is possible.
func ParseMute(text string) (MuteRule, error) {
	r := MuteRule{text: strings.TrimSpace(text), pid: -1, uid: -1}
	if err := r.parse(); err != nil {
		return MuteRule{}, fmt.Errorf("mute rule %.80q: %w", text, err)
	}
	return r, nil
}

func (r *MuteRule) parse() error {
	if len(r.text) > maxRuleLength {
		return fmt.Errorf("it has %d bytes: make do with %d", len(r.text), maxRuleLength)
	}
	if strings.ContainsFunc(r.text, func(c rune) bool { return c < ' ' || c == '\uFFFD' }) {
		return errors.New("it holds control characters or bytes that are not UTF-8: name a directory above instead")
	}
	conditions := r.text
	if name, rest, ok := strings.Cut(r.text, ": "); ok && isRuleName(name) {
		conditions = strings.TrimSpace(rest)
	}
	seen := map[string]bool{}
	for _, condition := range splitConditions(conditions) {
		key, value, ok := strings.Cut(condition, "=")
		switch {
		case !ok:
			return fmt.Errorf("%q is no condition: give %s", condition, muteConditions)
		case value == "":
			return fmt.Errorf("%s= has no value: leave it out, or give one", key)
		case seen[key]:
			return fmt.Errorf("%s= is there twice: make it two rules", key)
		}
		seen[key] = true
		if err := r.condition(key, value); err != nil {
			return err
		}
	}
	return nil
}

func isRuleName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

// splitConditions splits at commas that no backslash precedes, and takes backslashes away.
func splitConditions(s string) (all []string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == ',' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case s[i] == ',':
			all = append(all, b.String())
			b.Reset()
		default:
			b.WriteByte(s[i])
		}
	}
	return append(all, b.String())
}

// condition sets one condition.
func (r *MuteRule) condition(key, value string) (err error) {
	switch key {
	case "exe":
		r.exe = []byte(value)
		_, err = parsePrefix(key, value)
	case "exe-prefix":
		r.exePrefix, err = parsePrefix(key, value)
	case "path":
		r.path, err = parsePrefix(key, value)
	case "signing-id":
		r.signingID = []byte(value)
	case "team-id":
		r.teamID = []byte(value)
	case "kind":
		r.kinds, err = parseKinds(value)
	case "pid":
		r.pid, err = parseNumber(key, value, 1, 1<<31-1)
	case "uid":
		r.uid, err = parseNumber(key, value, 0, 1<<32-1)
	default:
		err = fmt.Errorf("there is no condition %q: give %s", key, muteConditions)
	}
	return err
}

// parsePrefix wants an absolute path below the root: nobody mutes all there is by a slip.
func parsePrefix(key, value string) (prefix, error) {
	p := newPrefix(value)
	if value[0] != '/' || len(p) == 0 || !plain([]byte(value)) {
		return nil, fmt.Errorf("%s=%s is no place: give an absolute path below / that holds no . or .. component", key, value)
	}
	return p, nil
}

func parseKinds(value string) (bits uint16, err error) {
	for name := range strings.SplitSeq(value, "|") {
		k, ok := esbridge.KindByName(name)
		if !ok {
			var all []string
			for k := range esbridge.Kind(esbridge.NumKinds) {
				all = append(all, k.String())
			}
			return 0, fmt.Errorf("there is no kind %q: give one or several of %s", name, strings.Join(all, "|"))
		}
		bits |= 1 << k
	}
	return bits, nil
}

func parseNumber(key, value string, least, most int64) (int64, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < least || n > most {
		return -1, fmt.Errorf("%s=%s: give a number from %d to %d", key, value, least, most)
	}
	return n, nil
}
