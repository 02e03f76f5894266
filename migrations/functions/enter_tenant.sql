-- Waits while the tenant's data is replaced as a whole, and keeps it from being replaced before the transaction ends. The fields that
-- its plan makes unique then, as bits (migrations/0110_unique_fields.sql); NULL when the tenant was deleted.
create or replace function enter_tenant(p_tenant integer) returns integer
language plpgsql as $$
declare
    -- An assignment costs less than PERFORM.
    v_is_locked boolean := pg_advisory_xact_lock_shared(tenant_lock_key(), p_tenant) is not null;
begin
    return (select t.unique_fields from tenants t where t.tenant_id = p_tenant);
end
$$;
