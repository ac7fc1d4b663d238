/// The later half of the migrations.
extension Schema {
    /// Parked sessions. A CHECK cannot be altered, so the table is recreated; references to it stay as they are.
    static let version9 = """
        CREATE TABLE sessions_new (
            id TEXT PRIMARY KEY,
            portal TEXT NOT NULL,
            learner TEXT NOT NULL,
            learner_name TEXT NOT NULL,
            lab TEXT NOT NULL,
            epoch INTEGER NOT NULL CHECK (epoch >= 0),
            state TEXT NOT NULL CHECK (state IN
                ('queued', 'starting', 'running', 'ending', 'parking', 'parked', 'ended', 'failed')),
            since INTEGER NOT NULL,
            -- Of a session without a seat: the host of its last run.
            host TEXT CHECK (host IS NOT NULL OR state NOT IN ('starting', 'running', 'ending', 'parking')),
            step TEXT CHECK ((step IS NOT NULL) = (state = 'starting')),
            address TEXT CHECK ((address IS NOT NULL) = (state = 'running')),
            port INTEGER CHECK ((port IS NOT NULL) = (state = 'running')),
            -- Why it ended, or was parked.
            end_reason TEXT CHECK ((end_reason IS NOT NULL) = (state IN ('ending', 'parking', 'parked', 'ended'))),
            end_number INTEGER,
            end_text TEXT,
            failure TEXT CHECK ((failure IS NOT NULL) = (state = 'failed')),
            created_at INTEGER NOT NULL,
            last_activity_at INTEGER NOT NULL,
            failed_attempts INTEGER NOT NULL,
            activity_source TEXT NOT NULL DEFAULT 'launch',
            keeps INTEGER NOT NULL DEFAULT 0 CHECK (keeps >= 0),
            -- In milliseconds.
            extended INTEGER NOT NULL DEFAULT 0 CHECK (extended >= 0),
            not_idle_before INTEGER,
            extended_by TEXT,
            context TEXT,
            reservation TEXT REFERENCES reservations (id) DEFERRABLE INITIALLY DEFERRED,
            -- The warm seat whose container a session took over.
            warm INTEGER
        ) STRICT;
        INSERT INTO sessions_new SELECT
            id, portal, learner, learner_name, lab, epoch, state, since, host, step, address, port,
            end_reason, end_number, end_text, failure, created_at, last_activity_at, failed_attempts,
            activity_source, keeps, extended, not_idle_before, extended_by, context, reservation, warm
            FROM sessions;
        DROP TABLE sessions;
        ALTER TABLE sessions_new RENAME TO sessions;
        CREATE INDEX sessions_live ON sessions (created_at, id) WHERE \(live);
        CREATE INDEX sessions_by_owner ON sessions (portal, learner, lab, created_at, id);
        CREATE INDEX sessions_by_age ON sessions (created_at, id);
        CREATE INDEX sessions_by_state ON sessions (state, created_at, id);
        CREATE INDEX sessions_by_host ON sessions (host, created_at, id);
        CREATE INDEX sessions_by_learner ON sessions (learner, created_at, id);
        CREATE INDEX sessions_by_lab ON sessions (lab, created_at, id);
        """

    /// The charge of each seat to its host's memory, the density policy of hosts, and the usage profiles of labs.
    static let version10 = """
        ALTER TABLE sessions ADD COLUMN charge INTEGER NOT NULL DEFAULT 0 CHECK (charge >= 0);
        ALTER TABLE warm_seats ADD COLUMN charge INTEGER NOT NULL DEFAULT 0 CHECK (charge >= 0);
        ALTER TABLE host_adjustments ADD COLUMN policy TEXT CHECK (policy IN ('guaranteed', 'profiled'));

        CREATE TABLE lab_profiles (
            lab TEXT PRIMARY KEY,
            sessions INTEGER NOT NULL CHECK (sessions >= 0),
            -- `UsageHistogram.text`.
            memory TEXT NOT NULL,
            cpu TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// Only the time of the last use is ever read, and that is stored with the session.
    static let version11 = "DROP TABLE activity;"

    /// Until when an extended session keeps its seat beyond the end of a reservation.
    static let version12 = """
        ALTER TABLE sessions ADD COLUMN seat_until INTEGER;
        """

    /// Ends announced by operators, in milliseconds since 1970.
    static let version13 = """
        ALTER TABLE sessions ADD COLUMN announced_end INTEGER;
        ALTER TABLE sessions ADD COLUMN announced_note TEXT
            CHECK ((announced_note IS NOT NULL) = (announced_end IS NOT NULL));
        """

    /// The wall clock times of a reservation, for when time zone rules change; when its calendar event was last
    /// changed; and an index of sessions by course.
    static let version14 = """
        ALTER TABLE reservations ADD COLUMN zone TEXT;
        -- Seconds since 1970, as if the clocks of the zone showed Coordinated Universal Time.
        ALTER TABLE reservations ADD COLUMN wall_from INTEGER CHECK ((wall_from IS NULL) = (zone IS NULL));
        ALTER TABLE reservations ADD COLUMN wall_to INTEGER CHECK ((wall_to IS NULL) = (zone IS NULL));
        ALTER TABLE reservations ADD COLUMN occurrence_zone TEXT;
        ALTER TABLE reservations ADD COLUMN occurrence_wall INTEGER
            CHECK ((occurrence_wall IS NULL) = (occurrence_zone IS NULL));
        ALTER TABLE reservations ADD COLUMN stamp INTEGER CHECK (stamp IS NULL OR sequence IS NOT NULL);
        CREATE INDEX sessions_by_context ON sessions (context, created_at, id) WHERE context IS NOT NULL;
        """

    /// The last proof of a host's network isolation, so that a restarted broker need not repeat the try-out.
    static let version15 = """
        ALTER TABLE hosts ADD COLUMN proof TEXT;
        """

    /// Usage profiles by portal, because two portals may have different labs of one name: each portal that ever had a
    /// session of a lab keeps what was learned of it. And an index for lists of one portal's sessions.
    static let version16 = """
        CREATE TABLE profiles (
            portal TEXT NOT NULL,
            lab TEXT NOT NULL,
            sessions INTEGER NOT NULL CHECK (sessions >= 0),
            -- `UsageHistogram.text`.
            memory TEXT NOT NULL,
            cpu TEXT NOT NULL,
            PRIMARY KEY (portal, lab)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO profiles (portal, lab, sessions, memory, cpu)
            SELECT DISTINCT sessions.portal, lab_profiles.lab, lab_profiles.sessions, memory, cpu
            FROM lab_profiles JOIN sessions ON sessions.lab = lab_profiles.lab;
        DROP TABLE lab_profiles;
        CREATE INDEX sessions_by_portal ON sessions (portal, created_at, id);
        """

    /// The visit in which a grant was given, and revocations of visits, people and portals. `until` is in seconds since
    /// 1970.
    static let version17 = """
        ALTER TABLE grants ADD COLUMN visit TEXT;
        CREATE TABLE revocations (
            generation INTEGER PRIMARY KEY,
            portal TEXT NOT NULL,
            issuer TEXT,
            subject TEXT CHECK ((subject IS NULL) = (issuer IS NULL)),
            visit TEXT CHECK (visit IS NULL OR subject IS NOT NULL),
            until INTEGER NOT NULL
        ) STRICT;
        """
}
