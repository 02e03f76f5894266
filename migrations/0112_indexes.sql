-- The webhooks of a tenant in the order of their events: the newest are listed, the oldest deleted.
create index event_deliveries_created_idx on event_deliveries (tenant_id, created_at, customer_id desc, sequence);

-- An index that was created empty looks cheaper than the others, also for statements that it does not fit. So the planner is shown
-- what it looks like when it holds something, as in 0100_statistics.sql.
insert into event_deliveries (tenant_id, id, url, customer_id, sequence, event_type, body, caller, created_at, state, due_at)
select 0, gen_random_uuid(), 'shown', n, n, 'shown', '', '', now() + n * interval '1 second',
       case when n <= 50 then 'pending' else 'delivered' end, now() + n * interval '1 second'
  from generate_series(1, 100) n;
analyze event_deliveries;
delete from event_deliveries where tenant_id = 0;

-- The few tenants that have something to do in the background, among all tenants and snapshots.
create index tenants_expires_idx on tenants (expires_at) where expires_at is not null;
create index tenants_subscribed_idx on tenants (tenant_id) where events is not null and snapshot_of is null;
