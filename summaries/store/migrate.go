package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
)

// migrations are the steps from an empty database to the schema of this release, in the
// order of their names. Step n leads to user_version n. A step that was released never
// changes.
//
//go:embed schema/*.sql
var migrations embed.FS

// applicationID marks a database as ours: "ESUM", in the field that SQLite keeps for it.
const applicationID = 0x4553554d

// steps are the texts of the migrations.
func steps() ([]string, error) {
	names, err := fs.Glob(migrations, "schema/*.sql")
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, name := range names { // Glob sorts
		text, err := migrations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// migrate brings db, a database of ours or an empty one, to the schema of this release. Each
// step is a transaction of its own.
func migrate(ctx context.Context, db *sql.DB, path string) error {
	texts, err := steps()
	if err != nil {
		return err
	}
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("reading the schema version: %w", explain(path, err))
	}
	if version > len(texts) {
		return fmt.Errorf("%w: %s has schema %d, this release knows %d: use the release that wrote it or a newer one, or move the file away",
			ErrNewer, path, version, len(texts))
	}
	for n := version; n < len(texts); n++ {
		if err := migrateStep(ctx, db, texts[n], n+1); err != nil {
			return fmt.Errorf("migrating %s to schema %d: %w", path, n+1, explain(path, err))
		}
	}
	return nil
}

func migrateStep(ctx context.Context, db *sql.DB, text string, version int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing, after a commit
	if _, err := tx.ExecContext(ctx, text); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return err
	}
	return tx.Commit()
}
