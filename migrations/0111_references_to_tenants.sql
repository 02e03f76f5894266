-- Hooks and snapshots of a tenant that is deleted at the same moment were left behind.
delete from hook_calls h where not exists (select from tenants t where t.tenant_id = h.tenant_id);
alter table hook_calls
    add constraint hook_calls_tenant_fkey foreign key (tenant_id) references tenants (tenant_id);

-- A snapshot without a tenant becomes an expired unfinished tenant, which the next sweep deletes with its data.
update tenants t
   set snapshot_of = t.tenant_id, snapshot = null, expires_at = t.created_at
 where t.snapshot_of is not null and not exists (select from tenants o where o.tenant_id = t.snapshot_of);
alter table tenants
    add constraint tenants_snapshot_of_fkey foreign key (snapshot_of) references tenants (tenant_id);
