-- A row as the bytes from which the journal makes texts (src/journal/row_bytes.rs). Postgres replaces it by record_send, so it costs
-- nothing. Citus accepts only immutable functions in RETURNING; immutable, it would be called, which takes twice as long.
create or replace function row_bytes(p_row anyelement) returns bytea
language sql stable as $$ select record_send(p_row) $$;
do $do$
begin
    if current_setting('emulator.layout', true) = 'distributed' then
        alter function row_bytes(anyelement) immutable;
    end if;
end
$do$;
