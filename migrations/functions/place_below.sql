-- Places a customer below p_upline in the enrollment tree or in the sponsor tree, and sets its EnrollerId or SponsorId. In the
-- sponsor tree it adds a node if the customer has none.
--
-- One move at a time within a tenant: two concurrent moves could close a circle. The customer's row is locked first, so that a
-- concurrent update or upgrade reads it again.
-- The outcome is 'placed', or the reason why no row was written. With p_is_recorded it also returns the rows before and after,
-- as bytes.
create or replace function place_below(
    p_tenant        integer,
    p_customer      integer,
    p_upline        integer,
    p_is_enrollment boolean,
    p_sponsor_types integer[],
    p_now           timestamptz,
    p_is_recorded   boolean,
    out outcome       text,
    out customer_before bytea,
    out customer_after  bytea,
    out node_before     bytea,
    out node_after      bytea
) language plpgsql as $$
declare
    v_upline_type integer;
begin
    -- Waits while the tenant's data is replaced as a whole.
    perform pg_advisory_xact_lock_shared(tenant_lock_key(), p_tenant);
    perform pg_advisory_xact_lock(
        hashtext(case when p_is_enrollment then 'enrollment_tree' else 'sponsor_tree' end), p_tenant);

    select case when p_is_recorded then row_bytes(c) end into customer_before
      from customers c where c.tenant_id = p_tenant and c.customer_id = p_customer for no key update;
    if not found then
        outcome := 'unknown_customer';
        return;
    end if;

    select c.customer_type into v_upline_type from customers c
     where c.tenant_id = p_tenant and c.customer_id = p_upline;
    if not found then
        outcome := 'sponsor_unknown';
        return;
    elsif p_sponsor_types is not null and v_upline_type <> all (p_sponsor_types) then
        outcome := 'sponsor_type';
        return;
    elsif p_is_enrollment and enroller_is_below(p_tenant, p_upline, p_customer)
       or not p_is_enrollment and sponsor_is_below(p_tenant, p_upline, p_customer)
    then
        outcome := 'sponsor_below';
        return;
    end if;

    if p_is_enrollment then
        update customers c set enroller_id = p_upline, modified_at = p_now, version = c.version + 1
         where c.tenant_id = p_tenant and c.customer_id = p_customer
        returning case when p_is_recorded then row_bytes(c) end into customer_after;
    else
        if p_is_recorded then
            select row_bytes(t) into node_before from sponsor_tree t
             where t.tenant_id = p_tenant and t.customer_id = p_customer;
        end if;
        insert into sponsor_tree as t (tenant_id, customer_id, upline_id, placed_at)
        values (p_tenant, p_customer, p_upline, p_now)
        on conflict (tenant_id, customer_id) do update set upline_id = p_upline
        returning case when p_is_recorded then row_bytes(t) end into node_after;
        update customers c set sponsor_id = p_upline, modified_at = p_now, version = c.version + 1
         where c.tenant_id = p_tenant and c.customer_id = p_customer
        returning case when p_is_recorded then row_bytes(c) end into customer_after;
    end if;
    outcome := 'placed';
end
$$;
