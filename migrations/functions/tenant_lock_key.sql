-- The first half of the key of a tenant's advisory lock; the tenant is the second half. Transactions that
-- write share the lock; one that replaces or copies the tenant's data as a whole has it alone (src/database/tenant_lock.rs).
create or replace function tenant_lock_key() returns integer
language sql immutable parallel safe as $$
    select hashtext('tenant_data')
$$;
