-- Whether a sigstore bundle was published with the export.
alter table exports add column bundle integer not null default 0;
