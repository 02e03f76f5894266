-- A row, a text and an array of texts as the bytes from which the journal makes texts (src/journal/row_bytes.rs). Postgres replaces each
-- by the function that it calls, so they cost nothing. Citus accepts only immutable functions in RETURNING, and calls them then.
create or replace function row_bytes(p_row anyelement) returns bytea
language sql stable as $$ select record_send(p_row) $$;
create or replace function text_bytes(p_text text) returns bytea
language sql stable as $$ select textsend(p_text) $$;
create or replace function texts_bytes(p_texts text[]) returns bytea
language sql stable as $$ select array_send(p_texts) $$;
do $do$
begin
    if current_setting('emulator.layout', true) = 'distributed' then
        alter function row_bytes(anyelement) immutable;
        alter function text_bytes(text) immutable;
        alter function texts_bytes(text[]) immutable;
    end if;
end
$do$;
