-- The version and the digest of the functions that the last start created (src/database/migrate.rs). Always one row.
create table emulator_functions (
    version integer not null,
    digest  text not null
);
insert into emulator_functions (version, digest) values (0, '');
