-- The webhooks of a tenant in the order of their events: the newest are listed, the oldest deleted.
create index event_deliveries_created_idx on event_deliveries (tenant_id, created_at, customer_id desc, sequence);

-- The few tenants that have something to do in the background, among all tenants and snapshots.
create index tenants_expires_idx on tenants (expires_at) where expires_at is not null;
create index tenants_subscribed_idx on tenants (tenant_id) where events is not null and snapshot_of is null;
