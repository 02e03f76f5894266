-- Field1 to Field10 after a partial update: of p_new what p_sent names, of p_old the rest. Empty when none is set.
create or replace function merge_custom_fields(p_old text[], p_new text[], p_sent boolean[])
returns text[] language sql immutable as $$
    select case when count(merged.value) = 0 then '{}' else array_agg(merged.value order by merged.i) end
      from (select i, case when p_sent[i] then p_new[i] else p_old[i] end as value from generate_series(1, 10) i) merged
$$;
