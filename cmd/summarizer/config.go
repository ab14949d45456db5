package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	configFlag = "config"
	envPrefix  = "SUMMARIZER_"
	// keyVariable holds the sketch key itself. It is no flag: command lines are public.
	keyVariable = envPrefix + "SKETCH_KEY"
)

// layer is one place that values come from when the command line does not give them.
type layer struct {
	values *koanf.Koanf
	// name says where key comes from, for error messages.
	name func(key string) string
}

// configure gives every flag of cmd that the command line left alone its value from the
// environment, or else from the configuration file. All values go through the flags' own
// parsers, so they mean the same wherever they stand.
func configure(cmd *cobra.Command) error {
	if cmd.Annotations[noConfig] != "" {
		return nil
	}
	known := flagNames(cmd.Root())
	environment, err := loadEnvironment(known)
	if err != nil {
		return err
	}
	layers := []layer{environment}
	if err := apply(cmd.Flags(), layers, configFlag); err != nil {
		return err
	}
	if path, _ := cmd.Flags().GetString(configFlag); path != "" {
		fromFile, err := loadFile(path, known)
		if err != nil {
			return err
		}
		layers = append(layers, fromFile)
	}
	var failed error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if failed == nil && f.Name != configFlag {
			failed = apply(cmd.Flags(), layers, f.Name)
		}
	})
	return failed
}

// noConfig is the annotation of verbs that take nothing from environment or file.
const noConfig = "no-config"

// apply sets the flag called name from the first layer that has it, unless the command line
// has set it.
func apply(flags *pflag.FlagSet, layers []layer, name string) error {
	f := flags.Lookup(name)
	if f == nil || f.Changed {
		return nil
	}
	for _, l := range layers {
		if !l.values.Exists(name) {
			continue
		}
		if err := setFlag(f, l.values); err != nil {
			return usagef("%s: %w (it stands for --%s)", l.name(name), err, name)
		}
		return nil
	}
	return nil
}

func setFlag(f *pflag.Flag, values *koanf.Koanf) error {
	list, isList := f.Value.(pflag.SliceValue)
	switch raw := values.Get(f.Name).(type) {
	case map[string]any, nil:
		return fmt.Errorf("has no value")
	case []any:
		if !isList {
			return fmt.Errorf("takes one value, not a list")
		}
		return list.Replace(values.Strings(f.Name))
	case string:
		if isList {
			return list.Replace(filepath.SplitList(raw))
		}
		return f.Value.Set(raw)
	default:
		return f.Value.Set(fmt.Sprint(raw))
	}
}

// loadEnvironment reads SUMMARIZER_*. Variables that name no flag are left alone: a cluster
// that runs a service called "summarizer" sets some of its own for every process.
func loadEnvironment(known map[string]bool) (layer, error) {
	k := koanf.New(".")
	err := k.Load(env.Provider(".", env.Opt{
		Prefix: envPrefix,
		TransformFunc: func(variable, value string) (string, any) {
			key := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(variable, envPrefix)), "_", "-")
			if !known[key] {
				return "", nil
			}
			return key, value
		},
	}), nil)
	if err != nil {
		return layer{}, fmt.Errorf("reading the environment: %w", err)
	}
	return layer{k, func(key string) string {
		return envPrefix + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
	}}, nil
}

// loadFile reads the YAML file at path. A key that names no flag of any verb is an error: it
// is a slip, and ignoring it would leave a limit out of force.
func loadFile(path string, known map[string]bool) (layer, error) {
	if _, err := os.Stat(path); err != nil {
		return layer{}, usagef("--%s: %w", configFlag, err)
	}
	k := koanf.New(".")
	if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
		return layer{}, usagef("--%s: reading %s: %w", configFlag, path, err)
	}
	for _, key := range k.Keys() {
		if !known[key] || key == configFlag {
			return layer{}, usagef("--%s: %s: unknown key %q: the keys are the names of the flags, see summarizer run --help", configFlag, path, key)
		}
	}
	return layer{k, func(key string) string { return path + ": " + key }}, nil
}

// flagNames are the flags of all verbs: one file serves them all.
func flagNames(root *cobra.Command) map[string]bool {
	names := map[string]bool{}
	add := func(f *pflag.Flag) { names[f.Name] = true }
	root.PersistentFlags().VisitAll(add)
	for _, verb := range root.Commands() {
		if verb.Annotations[noConfig] == "" {
			verb.LocalNonPersistentFlags().VisitAll(add)
		}
	}
	delete(names, "help")
	return names
}
