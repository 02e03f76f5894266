-- Takes a tenant's lock until the transaction ends: shared, or alone. On Citus it runs where the tenant's rows are, and takes the lock
-- there, because the functions that write do (src/database/layout.rs). A lock on another node would exclude no one, so it fails there.
create or replace function lock_tenant(p_tenant integer, p_is_shared boolean) returns void
language plpgsql as $$
begin
    if current_setting('emulator.layout', true) = 'distributed' then
        perform check_node(p_tenant);
    end if;
    if p_is_shared then
        perform pg_advisory_xact_lock_shared(tenant_lock_key(), p_tenant);
    else
        perform pg_advisory_xact_lock(tenant_lock_key(), p_tenant);
    end if;
end
$$;

-- Fails unless this node has the rows of a tenant. The texts are run as they are, because only Citus has these tables.
create or replace function check_node(p_tenant integer) returns void
language plpgsql as $$
declare
    v_is_here boolean;
begin
    execute 'select exists (
                 select from pg_dist_placement p
                  where p.shardid = get_shard_id_for_distribution_column(''customers'', $1)
                    and p.groupid = (select groupid from pg_dist_local_group))'
       into v_is_here using p_tenant;
    if not v_is_here then
        raise exception 'tenant % is on another node: run "directscale-emulator distribute"', p_tenant;
    end if;
end
$$;
