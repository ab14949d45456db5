-- The history of one host. Conventions of every table:
--
--   * Times are nanoseconds since the Unix epoch.
--   * Counts are unsigned 64-bit numbers stored as the signed number of the same bits. SQL
--     neither adds nor compares them: sums are made in Go, where they cannot wrap around.
--   * Names are blobs: nothing says that they are UTF-8.
--   * level is 0 for windows as they came, 1 for minutes, 2 for hours, 3 for days (UTC).

-- levels says since when each level is complete: windows of it that began before horizon
-- were deleted, and are counted in the level above (or gone, above days).
CREATE TABLE levels (
  level           INTEGER PRIMARY KEY,
  horizon         INTEGER NOT NULL,
  deleted_windows INTEGER NOT NULL DEFAULT 0,
  deleted_events  INTEGER NOT NULL DEFAULT 0
);
INSERT INTO levels (level, horizon)
VALUES (0, -9223372036854775808), (1, -9223372036854775808), (2, -9223372036854775808), (3, -9223372036854775808);

-- sources are the streams that windows came in: a session of an agent within a boot of a
-- machine. Roll-ups unite the sessions of a boot and have an empty session.
CREATE TABLE sources (
  id      INTEGER PRIMARY KEY,
  machine BLOB NOT NULL,
  boot    BLOB NOT NULL,
  session BLOB NOT NULL,
  refused INTEGER NOT NULL DEFAULT 0, -- windows whose numbers overlapped those of others
  UNIQUE (machine, boot, session)
);

-- runs are the sequence numbers that were ever taken in, neighbours joined into one row.
-- What lies between two rows of a source is a gap. They outlive the windows, so that one
-- that is sent again after its deletion is still known.
CREATE TABLE runs (
  source    INTEGER NOT NULL REFERENCES sources,
  first_seq INTEGER NOT NULL,
  last_seq  INTEGER NOT NULL,
  start_ns  INTEGER NOT NULL, -- where the window of first_seq starts
  end_ns    INTEGER NOT NULL, -- where the window of last_seq ends
  PRIMARY KEY (source, first_seq)
) WITHOUT ROWID;

-- windows are the heads of all summaries, of all levels, in the order of time.
CREATE TABLE windows (
  level       INTEGER NOT NULL,
  start_ns    INTEGER NOT NULL,
  id          INTEGER NOT NULL,
  end_ns      INTEGER NOT NULL,
  source      INTEGER NOT NULL REFERENCES sources,
  first_seq   INTEGER NOT NULL,
  last_seq    INTEGER NOT NULL,
  parent      INTEGER,          -- the window one level up that counts this one; NULL: none yet
  children    INTEGER NOT NULL, -- windows one level down that this one counts
  huge        INTEGER NOT NULL, -- 1: its counts are so large that sums with others could wrap
  end_reason  INTEGER NOT NULL,
  lower_bound INTEGER NOT NULL,
  payload     INTEGER NOT NULL, -- bytes of the frame that are in use
  events      INTEGER NOT NULL,
  kinds       BLOB NOT NULL,    -- events by kind: varints, zeros at the end left out
  ledger      BLOB NOT NULL,    -- varints in the order of ledgerFields, zeros at the end left out
  PRIMARY KEY (level, start_ns, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX windows_by_id ON windows (id);
CREATE INDEX windows_by_source ON windows (source, first_seq);
CREATE INDEX windows_open ON windows (level, start_ns) WHERE parent IS NULL;

-- frames hold the summaries themselves: header and payload compressed with zstd, without
-- the zeros behind.
CREATE TABLE frames (
  window INTEGER PRIMARY KEY,
  packed BLOB NOT NULL
);

-- origins and programs are dictionaries. key is ProgramID.
CREATE TABLE origins (
  id   INTEGER PRIMARY KEY,
  name BLOB NOT NULL UNIQUE
);
CREATE TABLE programs (
  id         INTEGER PRIMARY KEY,
  key        BLOB NOT NULL UNIQUE,
  origin     INTEGER NOT NULL REFERENCES origins,
  path       BLOB NOT NULL,
  path_len   INTEGER NOT NULL,
  cdhash     BLOB NOT NULL,
  signing_id BLOB NOT NULL,
  team_id    BLOB NOT NULL,
  device     INTEGER NOT NULL,
  inode      INTEGER NOT NULL
);
CREATE INDEX programs_by_path ON programs (path);

-- origin_rows and program_rows are the two upper levels of every summary, so that the
-- history of one program needs no frames. Processes and paths are in the frames alone.
CREATE TABLE origin_rows (
  level        INTEGER NOT NULL,
  start_ns     INTEGER NOT NULL,
  window       INTEGER NOT NULL,
  origin       INTEGER NOT NULL REFERENCES origins,
  events       INTEGER NOT NULL,
  kinds        BLOB NOT NULL,
  unlisted_max INTEGER NOT NULL, -- no program of it without a row had more events
  PRIMARY KEY (level, start_ns, window, origin)
) WITHOUT ROWID;
CREATE INDEX origin_rows_by_origin ON origin_rows (origin, level, start_ns);

CREATE TABLE program_rows (
  level      INTEGER NOT NULL,
  start_ns   INTEGER NOT NULL,
  window     INTEGER NOT NULL,
  program    INTEGER NOT NULL REFERENCES programs,
  events     INTEGER NOT NULL,
  kinds      BLOB NOT NULL,
  missed_max INTEGER NOT NULL,
  PRIMARY KEY (level, start_ns, window, program)
) WITHOUT ROWID;
CREATE INDEX program_rows_by_program ON program_rows (program, level, start_ns);
