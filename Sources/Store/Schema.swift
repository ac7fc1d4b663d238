import GRDB

/// The schema as a list of migrations that never change once released: a new version appends another one.
enum Schema {
    /// `PRAGMA application_id`: "Carl" in ASCII, so that a foreign database is recognised before it is touched.
    static let applicationID: Int32 = 0x4361_726C

    /// `PRAGMA user_version` after a migration is its index plus one.
    static let migrations: [String] = [
        version1, version2, version3, version4, version5, version6, version7, version8, version9, version10,
        version11, version12, version13, version14, version15, version16, version17,
    ]

    /// The condition for a live session, defined once: SQLite uses a partial index only if a query repeats its
    /// condition literally.
    static let live = "state NOT IN ('ended', 'failed')"

    private static let version1 = """
        CREATE TABLE meta (
            key TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE hosts (
            name TEXT PRIMARY KEY,
            duty TEXT NOT NULL CHECK (duty IN ('active', 'cordoned', 'draining', 'drained')),
            drain_deadline INTEGER CHECK ((drain_deadline IS NOT NULL) = (duty = 'draining'))
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE sessions (
            id TEXT PRIMARY KEY,
            portal TEXT NOT NULL,
            learner TEXT NOT NULL,
            learner_name TEXT NOT NULL,
            lab TEXT NOT NULL,
            epoch INTEGER NOT NULL CHECK (epoch >= 0),
            state TEXT NOT NULL CHECK (state IN ('queued', 'starting', 'running', 'ending', 'ended', 'failed')),
            since INTEGER NOT NULL,
            -- Of an ended session: the host of its last run.
            host TEXT CHECK (host IS NOT NULL OR state NOT IN ('starting', 'running', 'ending')),
            step TEXT CHECK ((step IS NOT NULL) = (state = 'starting')),
            address TEXT CHECK ((address IS NOT NULL) = (state = 'running')),
            port INTEGER CHECK ((port IS NOT NULL) = (state = 'running')),
            end_reason TEXT CHECK ((end_reason IS NOT NULL) = (state IN ('ending', 'ended'))),
            end_number INTEGER,
            end_text TEXT,
            failure TEXT CHECK ((failure IS NOT NULL) = (state = 'failed')),
            created_at INTEGER NOT NULL,
            last_activity_at INTEGER NOT NULL,
            failed_attempts INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX sessions_live ON sessions (created_at, id) WHERE \(live);
        CREATE INDEX sessions_by_owner ON sessions (portal, learner, lab, created_at, id);
        CREATE INDEX sessions_by_age ON sessions (created_at, id);
        CREATE INDEX sessions_by_state ON sessions (state, created_at, id);
        CREATE INDEX sessions_by_host ON sessions (host, created_at, id);
        CREATE INDEX sessions_by_learner ON sessions (learner, created_at, id);
        CREATE INDEX sessions_by_lab ON sessions (lab, created_at, id);

        CREATE TABLE session_events (
            number INTEGER PRIMARY KEY,
            session TEXT NOT NULL REFERENCES sessions (id) DEFERRABLE INITIALLY DEFERRED,
            at INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            state TEXT NOT NULL,
            host TEXT,
            reason TEXT NOT NULL
        ) STRICT;
        CREATE INDEX session_events_by_session ON session_events (session, number);

        CREATE TABLE activity (
            session TEXT NOT NULL REFERENCES sessions (id) DEFERRABLE INITIALLY DEFERRED,
            slot INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            PRIMARY KEY (session, slot)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX activity_by_slot ON activity (slot);

        CREATE TABLE homes (
            portal TEXT NOT NULL,
            learner TEXT NOT NULL,
            host TEXT NOT NULL,
            PRIMARY KEY (portal, learner)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE grants (
            number INTEGER PRIMARY KEY,
            session TEXT NOT NULL REFERENCES sessions (id) DEFERRABLE INITIALLY DEFERRED,
            token_digest BLOB NOT NULL CHECK (length(token_digest) = 32),
            created_at INTEGER NOT NULL,
            UNIQUE (session, token_digest)
        ) STRICT;

        INSERT INTO meta VALUES ('instance', lower(hex(randomblob(8))));
        """

    /// The facts that determine how long a session stays (`Stay`).
    private static let version2 = """
        ALTER TABLE sessions ADD COLUMN activity_source TEXT NOT NULL DEFAULT 'launch';
        ALTER TABLE sessions ADD COLUMN keeps INTEGER NOT NULL DEFAULT 0 CHECK (keeps >= 0);
        -- In milliseconds.
        ALTER TABLE sessions ADD COLUMN extended INTEGER NOT NULL DEFAULT 0 CHECK (extended >= 0);
        ALTER TABLE sessions ADD COLUMN not_idle_before INTEGER;
        ALTER TABLE sessions ADD COLUMN extended_by TEXT;
        """

    /// The condition for an unfinished reservation, defined once for the index and the query.
    static let unfinished = "phase IN ('booked', 'closed')"

    /// Reservations. Times and durations are in milliseconds, times since 1970.
    private static let version3 = """
        CREATE TABLE reservations (
            id TEXT PRIMARY KEY,
            portal TEXT NOT NULL,
            lab TEXT NOT NULL,
            seats INTEGER NOT NULL CHECK (seats > 0),
            starts_at INTEGER NOT NULL,
            ends_at INTEGER NOT NULL CHECK (ends_at > starts_at),
            warm_percent INTEGER NOT NULL CHECK (warm_percent BETWEEN 0 AND 100),
            lead INTEGER NOT NULL CHECK (lead >= 0),
            no_show_after INTEGER NOT NULL CHECK (no_show_after >= 0),
            overrun INTEGER NOT NULL CHECK (overrun >= 0),
            context TEXT,
            phase TEXT NOT NULL CHECK (phase IN ('booked', 'closed', 'over', 'cancelled')),
            created_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX reservations_unfinished ON reservations (created_at, id) WHERE \(unfinished);
        CREATE INDEX reservations_by_start ON reservations (starts_at, id);

        CREATE TABLE reservation_seats (
            reservation TEXT NOT NULL REFERENCES reservations (id) DEFERRABLE INITIALLY DEFERRED,
            host TEXT NOT NULL,
            seats INTEGER NOT NULL CHECK (seats > 0),
            PRIMARY KEY (reservation, host)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE reservation_rosters (
            reservation TEXT NOT NULL REFERENCES reservations (id) DEFERRABLE INITIALLY DEFERRED,
            learner TEXT NOT NULL,
            PRIMARY KEY (reservation, learner)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE claims (
            reservation TEXT NOT NULL REFERENCES reservations (id) DEFERRABLE INITIALLY DEFERRED,
            learner TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (reservation, learner)
        ) STRICT, WITHOUT ROWID;

        ALTER TABLE sessions ADD COLUMN context TEXT;
        ALTER TABLE sessions ADD COLUMN reservation TEXT REFERENCES reservations (id) DEFERRABLE INITIALLY DEFERRED;
        """

    /// The outcome of reservations, their sources, and the calendar feeds in which they can be read.
    private static let version4 = """
        -- Seats of no-shows; NULL until their time has come.
        ALTER TABLE reservations ADD COLUMN released INTEGER CHECK (released >= 0);
        ALTER TABLE reservations ADD COLUMN peak_seats INTEGER NOT NULL DEFAULT 0 CHECK (peak_seats >= 0);
        -- The series, or the UID of a calendar's event; only the latter has a sequence.
        ALTER TABLE reservations ADD COLUMN series TEXT;
        ALTER TABLE reservations ADD COLUMN sequence INTEGER CHECK (sequence IS NULL OR series IS NOT NULL);
        ALTER TABLE reservations ADD COLUMN occurrence INTEGER CHECK ((occurrence IS NULL) = (series IS NULL));
        CREATE INDEX reservations_by_portal ON reservations (portal, starts_at, id);

        CREATE TABLE calendar_feeds (
            id TEXT PRIMARY KEY,
            portal TEXT NOT NULL,
            -- SHA-256 of the token in the address, which itself is stored nowhere.
            token_digest BLOB NOT NULL UNIQUE CHECK (length(token_digest) = 32),
            created_at INTEGER NOT NULL
        ) STRICT;
        """

    /// Hosts that are lost, and the identifier of each host's engine.
    private static let version5 = """
        ALTER TABLE hosts RENAME TO hosts_before_version5;
        CREATE TABLE hosts (
            name TEXT PRIMARY KEY,
            duty TEXT NOT NULL CHECK (duty IN ('active', 'cordoned', 'draining', 'drained', 'lost')),
            drain_deadline INTEGER CHECK ((drain_deadline IS NOT NULL) = (duty = 'draining')),
            -- What the engine calls itself; two names for one engine are one host too many.
            engine TEXT
        ) STRICT, WITHOUT ROWID;
        INSERT INTO hosts (name, duty, drain_deadline) SELECT name, duty, drain_deadline FROM hosts_before_version5;
        DROP TABLE hosts_before_version5;
        """

    /// Unclaimed warm seats, and pools as set by operators. A warm seat's number is used only once: the last one is
    /// stored in `meta` as `warm_number`.
    private static let version6 = """
        CREATE TABLE warm_seats (
            number INTEGER PRIMARY KEY,
            portal TEXT NOT NULL,
            lab TEXT NOT NULL,
            reservation TEXT REFERENCES reservations (id) DEFERRABLE INITIALLY DEFERRED,
            learner TEXT,
            host TEXT NOT NULL,
            terms TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('starting', 'ready')),
            since INTEGER NOT NULL,
            address TEXT CHECK ((address IS NOT NULL) = (state = 'ready')),
            port INTEGER CHECK ((port IS NOT NULL) = (state = 'ready'))
        ) STRICT;

        CREATE TABLE pools (
            portal TEXT NOT NULL,
            lab TEXT NOT NULL,
            minimum INTEGER NOT NULL CHECK (minimum >= 0),
            maximum INTEGER NOT NULL CHECK (maximum >= minimum),
            per_host INTEGER NOT NULL CHECK (per_host > 0),
            PRIMARY KEY (portal, lab)
        ) STRICT, WITHOUT ROWID;

        -- The warm seat whose container a session took over.
        ALTER TABLE sessions ADD COLUMN warm INTEGER;
        """

    /// Hosts that operators added, and their changes to any host. Labels are `KEY=VALUE`, separated by commas.
    private static let version7 = """
        CREATE TABLE host_entries (
            name TEXT PRIMARY KEY,
            endpoint TEXT NOT NULL,
            authority TEXT,
            certificate TEXT CHECK ((certificate IS NULL) = (authority IS NULL)),
            key TEXT CHECK ((key IS NULL) = (authority IS NULL)),
            publish_address TEXT NOT NULL,
            slots INTEGER NOT NULL CHECK (slots > 0),
            memory INTEGER NOT NULL CHECK (memory > 0),
            overcommit REAL NOT NULL CHECK (overcommit > 0),
            maximum_starts INTEGER NOT NULL CHECK (maximum_starts > 0),
            labels TEXT NOT NULL,
            is_leaving INTEGER NOT NULL CHECK (is_leaving IN (0, 1))
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE host_adjustments (
            name TEXT PRIMARY KEY,
            slots INTEGER CHECK (slots > 0),
            memory INTEGER CHECK (memory > 0),
            labels TEXT NOT NULL,
            removed_labels TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// The rolling drain in progress.
    private static let version8 = """
        CREATE TABLE rolling_drain_hosts (
            turn INTEGER PRIMARY KEY CHECK (turn >= 0),
            host TEXT NOT NULL UNIQUE,
            phase TEXT NOT NULL CHECK (phase IN ('waiting', 'begun', 'done')),
            -- The same in every row. The span is in milliseconds.
            maximum_unavailable INTEGER NOT NULL CHECK (maximum_unavailable > 0),
            span INTEGER NOT NULL CHECK (span >= 0)
        ) STRICT;
        """

    /// Rejects a foreign file before changing anything in it.
    static func check(_ db: Database, path: String, known: Int) throws {
        let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let isEmpty = try Bool.fetchOne(db, sql: "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)") ?? true
        if application == 0, version == 0, isEmpty { return }
        guard application == applicationID, version > 0 else {
            throw StoreError(
                code: .foreign,
                message: "\(path) is a database of another program; "
                    + "give carrel a state directory of its own, or move the file away")
        }
        guard version <= known else {
            throw StoreError(
                code: .newer,
                message: "\(path) has version \(version) and this carrel knows versions up to \(known); "
                    + "start the newer carrel again, or restore a backup from before the upgrade")
        }
    }

    /// Migrates the file to the newest version in one transaction: all migrations or none.
    ///
    /// Foreign keys are checked afterwards rather than meanwhile: a migration may recreate a table that others
    /// reference (SQLite, ALTER TABLE, section 7).
    static func migrate(_ db: Database, _ migrations: [String]) throws {
        try db.execute(sql: "PRAGMA foreign_keys = OFF")
        defer { try? db.execute(sql: "PRAGMA foreign_keys = ON") }
        try db.inTransaction(.immediate) {
            let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            guard version < migrations.count else { return .commit }
            for step in migrations[version...] { try db.execute(sql: step) }
            try db.checkForeignKeys()
            try db.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(migrations.count)")
            return .commit
        }
    }
}
