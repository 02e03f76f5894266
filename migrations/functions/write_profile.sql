-- Writes what a vendor's callers say of a customer. With p_is_recorded it returns the row before and after, as bytes.
create or replace function write_profile(
    p_tenant      integer,
    p_customer    integer,
    p_owner       text,
    p_fields      jsonb,
    p_is_recorded boolean,
    out row_before bytea,
    out row_after  bytea
) language plpgsql as $$
begin
    if p_is_recorded then
        select row_bytes(p) into row_before from customer_profiles p
         where p.tenant_id = p_tenant and p.customer_id = p_customer and p.owner = p_owner;
    end if;
    insert into customer_profiles as p (tenant_id, customer_id, owner, fields)
    values (p_tenant, p_customer, p_owner, p_fields)
    on conflict (tenant_id, customer_id, owner) do update set fields = excluded.fields
    returning case when p_is_recorded then row_bytes(p) end into row_after;
end
$$;
