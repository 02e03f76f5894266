-- The first half of the key of a tenant's advisory lock; the tenant is the second half. Writers share the lock; whoever replaces or
-- copies the tenant's data as a whole takes it alone (src/database/tenant_lock.rs).
create or replace function tenant_lock_key() returns integer
language sql immutable parallel safe as $$
    select hashtext('tenant_data')
$$;
