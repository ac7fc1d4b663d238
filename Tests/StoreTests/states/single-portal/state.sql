-- A state file of schema version 15, made by the last version that knew one portal only.
PRAGMA application_id = 1130459756;
PRAGMA user_version = 15;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('instance','2f22157bb7013aa1');
CREATE TABLE session_events (
    number INTEGER PRIMARY KEY,
    session TEXT NOT NULL REFERENCES sessions (id) DEFERRABLE INITIALLY DEFERRED,
    at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    state TEXT NOT NULL,
    host TEXT,
    reason TEXT NOT NULL
) STRICT;
INSERT INTO session_events VALUES(1,'plwt2xft7qdccpldpq3p',1796107907583,1,'queued',NULL,'Launched; waiting for a seat.');
INSERT INTO session_events VALUES(2,'plwt2xft7qdccpldpq3p',1796107907583,1,'starting','host-1','A seat on host-1 is free; its container is being created.');
INSERT INTO session_events VALUES(3,'plwt2xft7qdccpldpq3p',1796107907605,1,'starting','host-1','The container is created and is being started.');
INSERT INTO session_events VALUES(4,'plwt2xft7qdccpldpq3p',1796107907868,1,'starting','host-1','The container runs; waiting for the lab inside to answer.');
INSERT INTO session_events VALUES(5,'plwt2xft7qdccpldpq3p',1796107908941,1,'running','host-1','The lab answers, 1.3 s after it got its seat.');
INSERT INTO session_events VALUES(6,'24lgtjw7jj5q2spinmr6',1796107909650,1,'queued',NULL,'Launched; waiting for a seat.');
INSERT INTO session_events VALUES(7,'24lgtjw7jj5q2spinmr6',1796107909650,1,'starting','host-1','A seat on host-1 is free; its container is being created.');
INSERT INTO session_events VALUES(8,'24lgtjw7jj5q2spinmr6',1796107909668,1,'starting','host-1','The container is created and is being started.');
INSERT INTO session_events VALUES(9,'24lgtjw7jj5q2spinmr6',1796107909925,1,'starting','host-1','The container runs; waiting for the lab inside to answer.');
INSERT INTO session_events VALUES(10,'24lgtjw7jj5q2spinmr6',1796107910523,1,'running','host-1','The lab answers, 0.8 s after it got its seat.');
INSERT INTO session_events VALUES(11,'lpp4usa4q7eufooxk77z',1796107911174,1,'queued',NULL,'Launched; waiting for a seat.');
INSERT INTO session_events VALUES(12,'lpp4usa4q7eufooxk77z',1796107911174,1,'starting','host-1','A seat on host-1 is free; its container is being created.');
INSERT INTO session_events VALUES(13,'lpp4usa4q7eufooxk77z',1796107911192,1,'starting','host-1','The container is created and is being started.');
INSERT INTO session_events VALUES(14,'lpp4usa4q7eufooxk77z',1796107911505,1,'starting','host-1','The container runs; waiting for the lab inside to answer.');
INSERT INTO session_events VALUES(15,'lpp4usa4q7eufooxk77z',1796107912129,1,'running','host-1','The lab answers, 0.9 s after it got its seat.');
INSERT INTO session_events VALUES(16,'3rv6p2xv6l7opuhnawcm',1796107912819,1,'queued',NULL,'Launched; waiting for a seat.');
INSERT INTO session_events VALUES(17,'3rv6p2xv6l7opuhnawcm',1796107912819,1,'starting','host-1','A seat on host-1 is free; its container is being created.');
INSERT INTO session_events VALUES(18,'3rv6p2xv6l7opuhnawcm',1796107912834,1,'starting','host-1','The container is created and is being started.');
INSERT INTO session_events VALUES(19,'3rv6p2xv6l7opuhnawcm',1796107913075,1,'starting','host-1','The container runs; waiting for the lab inside to answer.');
INSERT INTO session_events VALUES(20,'3rv6p2xv6l7opuhnawcm',1796107913695,1,'running','host-1','The lab answers, 0.8 s after it got its seat.');
INSERT INTO session_events VALUES(21,'24lgtjw7jj5q2spinmr6',1796107924972,1,'note','host-1','The operator root parks it.');
INSERT INTO session_events VALUES(22,'24lgtjw7jj5q2spinmr6',1796107924973,1,'parking','host-1','Parked by an operator. Your files are kept.');
INSERT INTO session_events VALUES(23,'24lgtjw7jj5q2spinmr6',1796107925330,1,'parked',NULL,'The container on host-1 is removed; the learner''s files stay.');
INSERT INTO session_events VALUES(24,'lpp4usa4q7eufooxk77z',1796107936847,1,'note','host-1','The operator root ends it.');
INSERT INTO session_events VALUES(25,'lpp4usa4q7eufooxk77z',1796107936848,1,'ending','host-1','Ended by an operator. Your files are kept.');
INSERT INTO session_events VALUES(26,'3rv6p2xv6l7opuhnawcm',1796107937104,1,'note','host-1','The operator root ends it.');
INSERT INTO session_events VALUES(27,'3rv6p2xv6l7opuhnawcm',1796107937104,1,'note','host-1','An operator ends it in 2 h, and its learner has been told. The operator says: server moves.');
INSERT INTO session_events VALUES(28,'lpp4usa4q7eufooxk77z',1796107937133,1,'ended',NULL,'The container on host-1 is removed; the learner''s files stay.');
INSERT INTO session_events VALUES(29,'plwt2xft7qdccpldpq3p',1796107937214,1,'note','host-1','Extended by 30 min by the operator root. more time. In any case it ends in 8 h 29 min.');
INSERT INTO session_events VALUES(30,'cypwe62ezphfh3h23wz7',1796107937274,1,'queued',NULL,'Launched; waiting for a seat.');
INSERT INTO session_events VALUES(31,'6hruo2o36qx4chgbk7lg',1796107937332,1,'queued',NULL,'Launched; waiting for a seat.');
INSERT INTO session_events VALUES(32,'3oxgbtg4fodhjhosec32',1796107937389,1,'queued',NULL,'Launched; waiting for a seat.');
INSERT INTO session_events VALUES(33,'6jcvilw5rnywit55imbi',1796107937445,1,'queued',NULL,'Launched; waiting for a seat.');
INSERT INTO session_events VALUES(34,'itimxrd4h2ia75csahol',1796107937502,1,'queued',NULL,'Launched; waiting for a seat.');
INSERT INTO session_events VALUES(35,'g5p2yh2yr63z6gg4ugsg',1796107937558,1,'queued',NULL,'Launched; waiting for a seat.');
INSERT INTO session_events VALUES(36,'mqhqdic2vtaup4yhbxqq',1796107942619,1,'queued',NULL,'Launched; waiting for a seat.');
INSERT INTO session_events VALUES(37,'cypwe62ezphfh3h23wz7',1796107942657,1,'starting','host-1','A seat on host-1 is free; its container is being created.');
INSERT INTO session_events VALUES(38,'cypwe62ezphfh3h23wz7',1796107942679,1,'starting','host-1','The container is created and is being started.');
INSERT INTO session_events VALUES(39,'cypwe62ezphfh3h23wz7',1796107942964,1,'starting','host-1','The container runs; waiting for the lab inside to answer.');
INSERT INTO session_events VALUES(40,'cypwe62ezphfh3h23wz7',1796107943559,1,'running','host-1','The lab answers, 0.9 s after it got its seat.');
INSERT INTO session_events VALUES(41,'cypwe62ezphfh3h23wz7',1796107964499,1,'note','host-1','The operator root ends it.');
INSERT INTO session_events VALUES(42,'cypwe62ezphfh3h23wz7',1796107964501,1,'ending','host-1','Ended by an operator. Your files are kept.');
INSERT INTO session_events VALUES(43,'6hruo2o36qx4chgbk7lg',1796107964791,1,'note',NULL,'The operator root ends it.');
INSERT INTO session_events VALUES(44,'6hruo2o36qx4chgbk7lg',1796107964793,1,'ended',NULL,'Ended by an operator. Your files are kept.');
INSERT INTO session_events VALUES(45,'cypwe62ezphfh3h23wz7',1796107964933,1,'ended',NULL,'The container on host-1 is removed; the learner''s files stay.');
INSERT INTO session_events VALUES(46,'3oxgbtg4fodhjhosec32',1796107964933,1,'starting','host-1','A seat on host-1 is free; its container is being created.');
INSERT INTO session_events VALUES(47,'3oxgbtg4fodhjhosec32',1796107964958,1,'starting','host-1','The container is created and is being started.');
INSERT INTO session_events VALUES(48,'3oxgbtg4fodhjhosec32',1796107965091,1,'note','host-1','The operator root ends it.');
INSERT INTO session_events VALUES(49,'3oxgbtg4fodhjhosec32',1796107965092,1,'ending','host-1','Ended by an operator. Your files are kept.');
INSERT INTO session_events VALUES(50,'3oxgbtg4fodhjhosec32',1796107965429,1,'ended',NULL,'The container on host-1 is removed; the learner''s files stay.');
INSERT INTO session_events VALUES(51,'6jcvilw5rnywit55imbi',1796107965429,1,'starting','host-1','A seat on host-1 is free; its container is being created.');
INSERT INTO session_events VALUES(52,'6jcvilw5rnywit55imbi',1796107965446,1,'starting','host-1','The container is created and is being started.');
INSERT INTO session_events VALUES(53,'6jcvilw5rnywit55imbi',1796107965719,1,'starting','host-1','The container runs; waiting for the lab inside to answer.');
INSERT INTO session_events VALUES(54,'6jcvilw5rnywit55imbi',1796107966399,1,'running','host-1','The lab answers, 0.9 s after it got its seat.');
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
INSERT INTO grants VALUES(1,'plwt2xft7qdccpldpq3p',X'cfa1d630cef69c2742e5314fe085049510d945025a42244f80fefa8b9c42f646',1796107908954);
INSERT INTO grants VALUES(2,'24lgtjw7jj5q2spinmr6',X'1adaa99530298e14bdf2c0d93d99248183a22ef1ba15ec0531898e657a930e98',1796107910534);
INSERT INTO grants VALUES(3,'lpp4usa4q7eufooxk77z',X'8f481e1bc1d80c7fe8300b3172953550191988a3dd8baffb67ef164eb6a1a282',1796107912141);
INSERT INTO grants VALUES(4,'3rv6p2xv6l7opuhnawcm',X'82b997e1ae6e791abbc58511afe0cfc2dbc6dc7c59a807a3f07193b149dcdb42',1796107913707);
INSERT INTO grants VALUES(5,'plwt2xft7qdccpldpq3p',X'ba4097ae18ec403710f9975aecdb772bd112a6aadfcf27bc4afb47519a9df64f',1796107924810);
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
, released INTEGER CHECK (released >= 0), peak_seats INTEGER NOT NULL DEFAULT 0 CHECK (peak_seats >= 0), series TEXT, sequence INTEGER CHECK (sequence IS NULL OR series IS NOT NULL), occurrence INTEGER CHECK ((occurrence IS NULL) = (series IS NULL)), zone TEXT, wall_from INTEGER CHECK ((wall_from IS NULL) = (zone IS NULL)), wall_to INTEGER CHECK ((wall_to IS NULL) = (zone IS NULL)), occurrence_zone TEXT, occurrence_wall INTEGER
    CHECK ((occurrence_wall IS NULL) = (occurrence_zone IS NULL)), stamp INTEGER CHECK (stamp IS NULL OR sequence IS NOT NULL)) STRICT;
INSERT INTO reservations VALUES('izy5ybuj','school','python',1,1796118720000,1796122320000,100,1800000,1800000,0,'102','booked',1796107925161,NULL,0,NULL,NULL,NULL,'Etc/UTC',1796118720,1796122320,NULL,NULL,NULL);
INSERT INTO reservations VALUES('pzlucznf','school','python',1,1796115079000,1796118679000,100,1800000,1800000,0,'103','booked',1796107936966,NULL,0,'cls-1@school',0,1796115079000,NULL,NULL,NULL,NULL,NULL,1796083200000);
INSERT INTO reservations VALUES('xhmdpjwh','school','python',1,1796719879000,1796723479000,100,1800000,1800000,0,'103','booked',1796107936966,NULL,0,'cls-1@school',0,1796719879000,NULL,NULL,NULL,NULL,NULL,1796083200000);
INSERT INTO reservations VALUES('uu6fabqt','school','python',1,1797324679000,1797328279000,100,1800000,1800000,0,'103','booked',1796107936966,NULL,0,'cls-1@school',0,1797324679000,NULL,NULL,NULL,NULL,NULL,1796083200000);
CREATE TABLE reservation_seats (
    reservation TEXT NOT NULL REFERENCES reservations (id) DEFERRABLE INITIALLY DEFERRED,
    host TEXT NOT NULL,
    seats INTEGER NOT NULL CHECK (seats > 0),
    PRIMARY KEY (reservation, host)
) STRICT, WITHOUT ROWID;
INSERT INTO reservation_seats VALUES('izy5ybuj','host-1',1);
INSERT INTO reservation_seats VALUES('pzlucznf','host-1',1);
INSERT INTO reservation_seats VALUES('uu6fabqt','host-1',1);
INSERT INTO reservation_seats VALUES('xhmdpjwh','host-1',1);
CREATE TABLE reservation_rosters (
    reservation TEXT NOT NULL REFERENCES reservations (id) DEFERRABLE INITIALLY DEFERRED,
    learner TEXT NOT NULL,
    PRIMARY KEY (reservation, learner)
) STRICT, WITHOUT ROWID;
INSERT INTO reservation_rosters VALUES('izy5ybuj','eve');
INSERT INTO reservation_rosters VALUES('izy5ybuj','frank');
CREATE TABLE claims (
    reservation TEXT NOT NULL REFERENCES reservations (id) DEFERRABLE INITIALLY DEFERRED,
    learner TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (reservation, learner)
) STRICT, WITHOUT ROWID;
CREATE TABLE calendar_feeds (
    id TEXT PRIMARY KEY,
    portal TEXT NOT NULL,
    -- SHA-256 of the token in the address, which itself is stored nowhere.
    token_digest BLOB NOT NULL UNIQUE CHECK (length(token_digest) = 32),
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO calendar_feeds VALUES('btvsampd','school',X'5e16668a1d7331044501e43a67754b30c8148ac342e75207e0b2c3cdafc48a97',1796107937045);
CREATE TABLE hosts (
    name TEXT PRIMARY KEY,
    duty TEXT NOT NULL CHECK (duty IN ('active', 'cordoned', 'draining', 'drained', 'lost')),
    drain_deadline INTEGER CHECK ((drain_deadline IS NOT NULL) = (duty = 'draining')),
    -- What the engine calls itself; two names for one engine are one host too many.
    engine TEXT
, proof TEXT) STRICT, WITHOUT ROWID;
INSERT INTO hosts VALUES('host-1','active',NULL,'3009bed14f16c97cbbbc57728ac2645e75d24ec8aa20841b78c87865ca04f196','3a782a5d9f843aea5051030cbd1dad17e155fa3c3fdfce83c4249d7046695a2d');
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
, charge INTEGER NOT NULL DEFAULT 0 CHECK (charge >= 0)) STRICT;
CREATE TABLE pools (
    portal TEXT NOT NULL,
    lab TEXT NOT NULL,
    minimum INTEGER NOT NULL CHECK (minimum >= 0),
    maximum INTEGER NOT NULL CHECK (maximum >= minimum),
    per_host INTEGER NOT NULL CHECK (per_host > 0),
    PRIMARY KEY (portal, lab)
) STRICT, WITHOUT ROWID;
INSERT INTO pools VALUES('school','python',1,1,1000);
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
, policy TEXT CHECK (policy IN ('guaranteed', 'profiled'))) STRICT, WITHOUT ROWID;
INSERT INTO host_adjustments VALUES('host-1',5,NULL,'','',NULL);
CREATE TABLE rolling_drain_hosts (
    turn INTEGER PRIMARY KEY CHECK (turn >= 0),
    host TEXT NOT NULL UNIQUE,
    phase TEXT NOT NULL CHECK (phase IN ('waiting', 'begun', 'done')),
    -- The same in every row. The span is in milliseconds.
    maximum_unavailable INTEGER NOT NULL CHECK (maximum_unavailable > 0),
    span INTEGER NOT NULL CHECK (span >= 0)
) STRICT;
CREATE TABLE IF NOT EXISTS "sessions" (
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
, charge INTEGER NOT NULL DEFAULT 0 CHECK (charge >= 0), seat_until INTEGER, announced_end INTEGER, announced_note TEXT
    CHECK ((announced_note IS NOT NULL) = (announced_end IS NOT NULL))) STRICT;
INSERT INTO sessions VALUES('plwt2xft7qdccpldpq3p','school','ada','Ada Lovelace','python',1,'running',1796107908941,'host-1',NULL,'10.213.0.6',32777,NULL,NULL,NULL,NULL,1796107907583,1796107924813,0,'edge',0,1800000,1796113324813,'the operator root','101',NULL,NULL,536870912,NULL,NULL,NULL);
INSERT INTO sessions VALUES('24lgtjw7jj5q2spinmr6','school','Bob K','Bob Kowalski','python',1,'parked',1796107925330,'host-1',NULL,NULL,NULL,'operator',NULL,'',NULL,1796107909650,1796107911017,0,'edge',0,0,NULL,NULL,'101',NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO sessions VALUES('lpp4usa4q7eufooxk77z','school','carol','Carol','python',1,'ended',1796107937133,'host-1',NULL,NULL,NULL,'operator',NULL,'',NULL,1796107911174,1796107912628,0,'edge',0,0,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO sessions VALUES('3rv6p2xv6l7opuhnawcm','school','dora','Dora','python',1,'running',1796107913695,'host-1',NULL,'10.213.0.6',32780,NULL,NULL,NULL,NULL,1796107912819,1796107914216,0,'edge',0,0,NULL,NULL,NULL,NULL,NULL,536870912,NULL,1796115137104,'server moves');
INSERT INTO sessions VALUES('cypwe62ezphfh3h23wz7','school','q1','Q1','python',1,'ended',1796107964933,'host-1',NULL,NULL,NULL,'operator',NULL,'',NULL,1796107937274,1796107943559,0,'ready',0,0,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO sessions VALUES('6hruo2o36qx4chgbk7lg','school','q2','Q2','python',1,'ended',1796107964793,NULL,NULL,NULL,NULL,'operator',NULL,'',NULL,1796107937332,1796107937332,0,'launch',0,0,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO sessions VALUES('3oxgbtg4fodhjhosec32','school','q3','Q3','python',1,'ended',1796107965429,'host-1',NULL,NULL,NULL,'operator',NULL,'',NULL,1796107937389,1796107937389,0,'launch',0,0,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO sessions VALUES('6jcvilw5rnywit55imbi','school','q4','Q4','python',1,'running',1796107966399,'host-1',NULL,'10.213.0.6',32783,NULL,NULL,NULL,NULL,1796107937445,1796107966399,0,'ready',0,0,NULL,NULL,NULL,NULL,NULL,536870912,NULL,NULL,NULL);
INSERT INTO sessions VALUES('itimxrd4h2ia75csahol','school','q5','Q5','python',1,'queued',1796107937502,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1796107937502,1796107937502,0,'launch',0,0,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO sessions VALUES('g5p2yh2yr63z6gg4ugsg','school','q6','Q6','python',1,'queued',1796107937558,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1796107937558,1796107937558,0,'launch',0,0,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO sessions VALUES('mqhqdic2vtaup4yhbxqq','school','rita','Rita','r',1,'queued',1796107942619,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1796107942619,1796107942619,0,'launch',0,0,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
CREATE TABLE lab_profiles (
    lab TEXT PRIMARY KEY,
    sessions INTEGER NOT NULL CHECK (sessions >= 0),
    -- `UsageHistogram.text`.
    memory TEXT NOT NULL,
    cpu TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO lab_profiles VALUES('python',1,'53:1024','0:1024');
CREATE INDEX session_events_by_session ON session_events (session, number);
CREATE INDEX reservations_unfinished ON reservations (created_at, id) WHERE phase IN ('booked', 'closed');
CREATE INDEX reservations_by_start ON reservations (starts_at, id);
CREATE INDEX reservations_by_portal ON reservations (portal, starts_at, id);
CREATE INDEX sessions_live ON sessions (created_at, id) WHERE state NOT IN ('ended', 'failed');
CREATE INDEX sessions_by_owner ON sessions (portal, learner, lab, created_at, id);
CREATE INDEX sessions_by_age ON sessions (created_at, id);
CREATE INDEX sessions_by_state ON sessions (state, created_at, id);
CREATE INDEX sessions_by_host ON sessions (host, created_at, id);
CREATE INDEX sessions_by_learner ON sessions (learner, created_at, id);
CREATE INDEX sessions_by_lab ON sessions (lab, created_at, id);
CREATE INDEX sessions_by_context ON sessions (context, created_at, id) WHERE context IS NOT NULL;
COMMIT;
