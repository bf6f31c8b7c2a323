-- Times are seconds since 1970. `position` orders listings; it is never shown but as a cursor.

create table persons (
    id text primary key,
    name text not null,
    role text not null,
    key text,
    created integer not null
) strict;

-- Only the SHA-256 of a token is kept.
create table logins (
    token text primary key,
    person text not null references persons (id),
    expires integer not null,
    revoked integer
) strict;
create index logins_by_person on logins (person);

create table datasets (
    position integer primary key autoincrement,
    digest text not null unique,
    id text not null,
    title text not null,
    description text not null,
    classification text not null,
    row_count integer not null,
    columns text not null,
    folder text not null,
    registered integer not null,
    log_index integer not null
) strict;

create table projects (
    position integer primary key autoincrement,
    id text not null unique,
    digest text not null,
    title text not null,
    purpose text not null,
    dataset text not null,
    proposal blob not null,
    output_rules blob not null,
    created integer not null,
    expires integer not null,
    log_index integer,
    refusal_reason text,
    refusal_detail text
) strict;

-- Who may see a project: its creator, its researchers, its reviewers.
create table members (
    project text not null references projects (id),
    person text not null,
    primary key (project, person)
) strict, without rowid;
create index members_by_person on members (person);

-- Custodians' statements, refused ones included.
create table statements (
    position integer primary key autoincrement,
    project text not null references projects (id),
    statement text not null,
    person text not null,
    envelope text not null,
    received integer not null,
    refusal text,
    unique (project, statement)
) strict;

create table jobs (
    position integer primary key autoincrement,
    id text not null unique,
    project text not null references projects (id),
    author text not null,
    workload text not null,
    request text not null,
    state text not null,
    reason text,
    detail text,
    cancel_asked integer not null default 0,
    launch text,
    initdata blob,
    log_index integer,
    accelerator text,
    platform text,
    peak_memory_kib integer,
    created integer not null,
    updated integer not null
) strict;
create index jobs_by_author on jobs (author);

create table job_steps (
    job text not null references jobs (id),
    step text not null,
    uptime_ms integer not null,
    at integer not null,
    primary key (job, step)
) strict;

create table exports (
    export text primary key,
    output text not null,
    project text not null,
    sha256 text not null,
    log_index integer not null,
    platform text not null
) strict;

create table workloads (
    position integer primary key autoincrement,
    digest text not null unique,
    content text not null,
    kind text not null,
    bytes integer not null,
    bundle integer not null default 0,
    owner text not null,
    uploaded integer not null
) strict;
