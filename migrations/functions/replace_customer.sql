-- Replaces the columns of a customer and moves the customer's node when the sponsor changes. NULL clears a column; BackOfficeId,
-- status, sign-up date and password stay as they are.
--
-- With p_upgrade_from it is the upgrade: only from one of these types, and in the same commit the customer is placed in
-- the sponsor tree and the change is appended to CRM_AssociateTypeChanges. Its number is record_number(p_recordnumber), or the one after
-- the tenant's last if that is higher.
-- The outcome is 'replaced', or names why nothing was written; old_type is the type that was found. With p_is_recorded the
-- rows as they were and as they are come along, as bytes.
--
-- The new_*_key are the values in the form in which they are compared; create_customer.sql tells which of them are stored.
--
-- The lists of columns are made from the table, once, when the function is made.
do $do$
declare
    v_parameters text;
    v_columns    text;
begin
select string_agg(format('new_%s %s', column_name, column_type), ', ' order by column_number),
       string_agg(format(
           case when column_name in ('back_office_id', 'customer_status', 'sign_up_date', 'password_hash')
                    then '%1$I = coalesce(new_%1$s, c.%1$I)'
                when column_name = 'back_office_id_key'
                    then '%1$I = case when new_back_office_id is null then c.%1$I else %2$s end'
                else '%1$I = %2$s' end,
           column_name, stored_value(column_name)), ', ' order by column_number)
  into v_parameters, v_columns
  from columns_of_callers();
execute replace(replace($function$
create or replace function replace_customer(
    p_is_recorded      boolean,
    p_tenant           integer,
    p_customer         integer,
    p_now              timestamptz,
    p_sponsor_types    integer[],
    p_upgrade_from     integer[],
    p_change           uuid,
    p_recordnumber     bigint,
    p_changed_by       text,
    p_request          uuid,
    {parameters},
    out outcome        text,
    out old_type       integer,
    out customer_before bytea,
    out customer_after  bytea,
    out node_before     bytea,
    out node_after      bytea,
    out log_after       bytea
) language plpgsql as $$
#variable_conflict use_column
declare
    v_sponsor_type integer;
    v_placed       boolean;
    v_upline       integer;
    v_has_downline boolean;
    v_version      bigint;
    v_number       bigint;
    v_unique       integer;
begin
    -- No write while the tenant's data is replaced as a whole. An assignment costs less than PERFORM.
    v_placed := pg_advisory_xact_lock_shared(tenant_lock_key(), p_tenant) is null;

    -- Read without a lock and written only if the row is still the version that was read: another writer who came
    -- between makes the loop run once more, and the ordinary request pays for no row lock.
    loop
        select c.customer_type, c.version, case when p_is_recorded then row_bytes(c) end
          into old_type, v_version, customer_before
          from customers c where c.tenant_id = p_tenant and c.customer_id = p_customer;
        if not found then
            outcome := case when exists (select from tenants n where n.tenant_id = p_tenant)
                            then 'unknown_customer' else 'unknown_tenant' end;
            return;
        end if;
        -- After the version: whoever changes the node raises it.
        select t.upline_id, case when p_is_recorded then row_bytes(t) end into v_upline, node_before
          from sponsor_tree t where t.tenant_id = p_tenant and t.customer_id = p_customer;
        v_placed := found;
        select n.unique_fields into v_unique from tenants n where n.tenant_id = p_tenant;

        if new_sponsor_id is not null then
            select s.customer_type into v_sponsor_type from customers s
             where s.tenant_id = p_tenant and s.customer_id = new_sponsor_id;
            if not found then
                outcome := 'sponsor_unknown';
                return;
            elsif p_sponsor_types is not null and v_sponsor_type <> all (p_sponsor_types) then
                outcome := 'sponsor_type';
                return;
            end if;
            v_has_downline := p_upgrade_from is not null
                and exists (select from sponsor_tree d where d.tenant_id = p_tenant and d.upline_id = p_customer);
            -- A customer that is no customer's upline and cannot become one before this commit closes no circle. Any other
            -- is checked, one at a time in a tenant, so that two moves that race see each other.
            if v_upline is distinct from new_sponsor_id
               and (v_placed or p_upgrade_from is not null)
               and (v_placed or v_has_downline or p_sponsor_types is null or old_type = any (p_sponsor_types))
            then
                perform pg_advisory_xact_lock(hashtext('sponsor_tree'), p_tenant);
                if sponsor_is_below(p_tenant, new_sponsor_id, p_customer) then
                    outcome := 'sponsor_below';
                    return;
                end if;
            end if;
        end if;

        if old_type <> all (p_upgrade_from) then
            outcome := 'transition';
            return;
        end if;

        update customers c
           set {columns},
               upgrade_date = case when c.customer_type = new_customer_type then c.upgrade_date else p_now end,
               inactive_date = inactive_since(
                   c.customer_status, coalesce(new_customer_status, c.customer_status), c.inactive_date, p_now),
               modified_at = p_now,
               version = c.version + 1
         where c.tenant_id = p_tenant and c.customer_id = p_customer and c.version = v_version
        returning case when p_is_recorded then row_bytes(c) end into customer_after;
        exit when found;
    end loop;

    if v_placed then
        if new_sponsor_id is not null and v_upline is distinct from new_sponsor_id then
            update sponsor_tree t set upline_id = new_sponsor_id
             where t.tenant_id = p_tenant and t.customer_id = p_customer
            returning case when p_is_recorded then row_bytes(t) end into node_after;
        end if;
    elsif p_upgrade_from is not null then
        insert into sponsor_tree as t (tenant_id, customer_id, upline_id, placed_at)
        values (p_tenant, p_customer, new_sponsor_id, p_now)
        returning case when p_is_recorded then row_bytes(t) end into node_after;
    end if;

    if p_upgrade_from is not null then
        v_number := record_number(p_recordnumber);
        if exists (select from CRM_AssociateTypeChanges l where l.tenant_id = p_tenant and l.recordnumber >= v_number) then
            perform pg_advisory_xact_lock(hashtext('record_number'), p_tenant);
            select max(l.recordnumber) + 1 into v_number from CRM_AssociateTypeChanges l where l.tenant_id = p_tenant;
        end if;
        insert into CRM_AssociateTypeChanges as l (
            tenant_id, id, recordnumber, AssociateID, OldAssociateType, NewAssociateType, ChangeDate, ChangedBy, RequestId)
        values (
            p_tenant, p_change, v_number, p_customer, old_type, new_customer_type, p_now, p_changed_by, p_request)
        returning case when p_is_recorded then row_bytes(l) end into log_after;
    end if;

    outcome := 'replaced';
end
$$;
$function$, '{parameters}', v_parameters), '{columns}', v_columns);
end
$do$;
