package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// configured runs a command with the flags that matter here and returns what they became.
type configured struct {
	window time.Duration
	limit  int
	size   byteSize
	watch  []string
}

func runConfigured(t *testing.T, args ...string) (got configured, err error) {
	t.Helper()
	got = configured{window: 10 * time.Second, limit: 7, size: 64 << 10}
	root := &cobra.Command{Use: "summarizer", SilenceErrors: true, SilenceUsage: true}
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return configure(cmd) }
	root.PersistentFlags().String(configFlag, "", "")
	verb := &cobra.Command{Use: "verb", RunE: func(*cobra.Command, []string) error { return nil }}
	verb.Flags().DurationVar(&got.window, "window", got.window, "")
	verb.Flags().IntVar(&got.limit, "limit-paths", got.limit, "")
	verb.Flags().Var(&got.size, "frame-size", "")
	verb.Flags().StringArrayVar(&got.watch, "watch", nil, "")
	other := &cobra.Command{Use: "other", RunE: verb.RunE}
	other.Flags().String("of-another-verb", "", "")
	root.AddCommand(verb, other)
	root.SetArgs(append([]string{"verb"}, args...))
	err = root.Execute()
	return got, err
}

func writeConfig(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrecedence(t *testing.T) {
	path := writeConfig(t, "window: 1s\nlimit-paths: 100\nframe-size: 16KiB\nwatch: [/a, '/b,c']\nof-another-verb: x\n")
	t.Setenv("SUMMARIZER_CONFIG", path)
	t.Setenv("SUMMARIZER_WINDOW", "2s")
	t.Setenv("SUMMARIZER_LIMIT_PATHS", "200")
	t.Setenv("SUMMARIZER_PORT", "tcp://10.0.0.1:80") // as a cluster sets it
	got, err := runConfigured(t, "--window", "3s")
	if err != nil {
		t.Fatal(err)
	}
	if got.window != 3*time.Second || got.limit != 200 || got.size != 16<<10 || !slices.Equal(got.watch, []string{"/a", "/b,c"}) {
		t.Errorf("flag, environment, file, file: got %+v", got)
	}
	t.Setenv("SUMMARIZER_WATCH", "/x:/y")
	if got, err = runConfigured(t); err != nil || got.window != 2*time.Second || !slices.Equal(got.watch, []string{"/x", "/y"}) {
		t.Errorf("environment: got %+v, %v", got, err)
	}
}

func TestConfigurationErrorsNameTheirPlace(t *testing.T) {
	for _, c := range []struct{ file, variable, value, want string }{
		{file: "windw: 1s\n", want: `unknown key "windw"`},
		{file: "limit:\n  paths: 3\n", want: `unknown key "limit.paths"`},
		{file: "config: other.yaml\n", want: `unknown key "config"`},
		{file: "window: often\n", want: "config.yaml: window: "},
		{file: "window: [1s]\n", want: "takes one value"},
		{file: "window:\n", want: "has no value"},
		{file: "limit-paths: 1.5\n", want: "--limit-paths"},
		{file: "a: b: c\n", want: "config.yaml"},
		{file: "- a list\n", want: "config.yaml"},
		{variable: "SUMMARIZER_FRAME_SIZE", value: "64KB", want: "SUMMARIZER_FRAME_SIZE: "},
		{variable: "SUMMARIZER_CONFIG", value: "/does/not/exist", want: "--config: "},
	} {
		t.Run(c.want, func(t *testing.T) {
			args := []string{}
			if c.file != "" {
				args = append(args, "--config", writeConfig(t, c.file))
			}
			if c.variable != "" {
				t.Setenv(c.variable, c.value)
			}
			_, err := runConfigured(t, args...)
			var usage *usageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a usage error with %q", err, c.want)
			}
		})
	}
}

func TestByteSize(t *testing.T) {
	for in, want := range map[string]int{"0": 0, "65536": 65536, "64KiB": 65536, "1MiB": 1 << 20, " 2 GiB ": 2 << 30, "7B": 7} {
		var b byteSize
		if err := b.Set(in); err != nil || int(b) != want {
			t.Errorf("%q = %d, %v, want %d", in, b, err, want)
		}
		var again byteSize
		if err := again.Set(b.String()); err != nil || again != b {
			t.Errorf("%q is written as %s, which reads as %d, %v", in, b.String(), again, err)
		}
	}
	for _, in := range []string{"", "KiB", "-1", "64KB", "64K", "1.5MiB", "9223372036854775807KiB", "0x10"} {
		b := byteSize(5)
		if err := b.Set(in); err == nil || b != 5 {
			t.Errorf("%q was accepted as %d", in, b)
		}
	}
}
