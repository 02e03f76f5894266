-- Statements are planned once for each connection, often while tables are nearly empty, and the plan stays. A table that was
-- never analyzed is taken for so small that every index is as good as any other, and the one that is chosen may hold only the
-- tenant: a read by id then goes through the whole tenant. So the planner is shown, once, what these tables look like when
-- they hold something: one tenant with many rows. What it sees stays when the rows are gone, until a table is analyzed with
-- rows of its own (migrations/functions/analyze_worlds.sql).
insert into tenants (tenant_id, plan, created_at) overriding system value values (0, '{}', now());

insert into customers (
    tenant_id, customer_id, customer_type, customer_status, sponsor_id, enroller_id, sign_up_date, modified_at, send_emails,
    tax_exempt, terms_accepted, language_code, back_office_id, back_office_id_key, email_address, email_address_key, tax_id,
    tax_id_key, username, username_key, web_alias, web_alias_key, external_reference_id)
select 0, n, 1, 1, n, n, now(), now(), true, false, true, 'en', 'shown' || n, 'shown' || n, 'shown' || n, 'shown' || n,
       'shown' || n, 'shown' || n, 'shown' || n, 'shown' || n, 'shown' || n, 'shown' || n, 'shown' || n
  from generate_series(1, 100) n;

insert into sponsor_tree (tenant_id, customer_id, upline_id, placed_at)
select 0, n, n, now() from generate_series(1, 100) n;

insert into companies (tenant_id, company_id, customer_id, place, company_key, name, org_no, name_key, details)
select 0, n, n, 1, gen_random_uuid(), 'shown' || n, 'shown' || n, 'shown' || n, '{}' from generate_series(1, 100) n;

insert into customer_keys (tenant_id, customer_key, customer_id)
select 0, gen_random_uuid(), n from generate_series(1, 100) n;

insert into event_deliveries (tenant_id, id, url, customer_id, sequence, event_type, body, caller, created_at, state, due_at)
select 0, gen_random_uuid(), 'shown', n, n, 'shown', '', '', now(), case when n <= 50 then 'pending' else 'delivered' end,
       now() + n * interval '1 second'
  from generate_series(1, 100) n;

insert into hook_calls (tenant_id, token, hook_id, context, state, expires_at)
select 0, sha256(n::text::bytea), 'shown', '{}', 'running', now() + n * interval '1 second' from generate_series(1, 100) n;

insert into sign_on_tokens (tenant_id, digest, customer_id, expires_at)
select 0, sha256(n::text::bytea), n, now() + n * interval '1 second' from generate_series(1, 100) n;

insert into access_tokens (tenant_id, digest, key_digest, expires_at)
select 0, sha256(n::text::bytea), sha256(n::text::bytea), now() + n * interval '1 second' from generate_series(1, 100) n;

insert into subscription_keys (tenant_id, name, slot, digest, ending, created_at)
select 0, 'shown' || n, 'primary', sha256(n::text::bytea), 'shwn', now() from generate_series(1, 100) n;

analyze customers, sponsor_tree, companies, customer_keys, event_deliveries, hook_calls, sign_on_tokens, access_tokens,
        subscription_keys;

delete from subscription_keys where tenant_id = 0;
delete from access_tokens where tenant_id = 0;
delete from sign_on_tokens where tenant_id = 0;
delete from hook_calls where tenant_id = 0;
delete from event_deliveries where tenant_id = 0;
delete from customer_keys where tenant_id = 0;
delete from companies where tenant_id = 0;
delete from sponsor_tree where tenant_id = 0;
delete from customers where tenant_id = 0;
delete from tenants where tenant_id = 0;
