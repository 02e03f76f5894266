-- Writes companies of a customer, in the order of the arrays. A company of another customer does not change. With p_is_recorded it
-- returns each row before and after, as bytes.
create or replace function write_companies(
    p_tenant      integer,
    p_customer    integer,
    p_numbers     integer[],
    p_places      integer[],
    p_keys        uuid[],
    p_names       text[],
    p_org_nos     text[],
    p_name_keys   text[],
    p_details     jsonb[],
    p_is_recorded boolean,
    out row_before bytea,
    out row_after  bytea
) returns setof record language plpgsql as $$
begin
    for n in 1 .. cardinality(p_numbers) loop
        row_before := null;
        if p_is_recorded then
            select row_bytes(c) into row_before from companies c
             where c.tenant_id = p_tenant and c.company_id = p_numbers[n];
        end if;
        insert into companies as c (
            tenant_id, company_id, customer_id, place, company_key, name, org_no, name_key, details)
        values (
            p_tenant, p_numbers[n], p_customer, p_places[n], p_keys[n], p_names[n], p_org_nos[n], p_name_keys[n], p_details[n])
        on conflict (tenant_id, company_id) do update
           set place = excluded.place, company_key = excluded.company_key, name = excluded.name,
               org_no = excluded.org_no, name_key = excluded.name_key, details = excluded.details
         where c.customer_id = excluded.customer_id
        returning case when p_is_recorded then row_bytes(c) end into row_after;
        if found then
            return next;
        end if;
    end loop;
end
$$;
