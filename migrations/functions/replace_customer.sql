-- Replaces everything that a caller may set ("if a field is omitted or remains blank, the update will clear out the
-- existing information"), keeps what is the system's, and moves the customer's node when the sponsor changes.
--
-- With p_upgrade_from it is the upgrade: only from one of these types, and in the same commit the customer is placed in
-- the sponsor tree and the change is appended to CRM_AssociateTypeChanges.
-- The outcome is 'replaced', or names why nothing was written; old_type is the type that was found. With p_is_recorded the
-- rows as they were and as they are come along, as texts.
create or replace function replace_customer(
    p_tenant           integer,
    p_customer         integer,
    p_values           customer_values,
    p_now              timestamptz,
    p_sponsor_types    integer[],
    p_upgrade_from     integer[],
    p_change           uuid,
    p_recordnumber     bigint,
    p_changed_by       text,
    p_request          uuid,
    p_is_recorded      boolean,
    out outcome        text,
    out old_type       integer,
    out back_office_id text,
    out customer_before text[],
    out customer_after  text[],
    out node_before     text[],
    out node_after      text[],
    out log_after       text[]
) language plpgsql as $$
#variable_conflict use_column
declare
    v_sponsor_type integer;
    v_placed       boolean;
    v_upline       integer;
    v_has_downline boolean;
    v_version      xid;
begin
    -- Nobody writes into a world while it is replaced as a whole. An assignment costs less than PERFORM.
    v_placed := pg_advisory_xact_lock_shared(tenant_lock_key(), p_tenant) is null;

    -- Read without a lock and written only if the row is still the version that was read: another writer who came
    -- between makes the loop turn once more, and the ordinary call pays for no row lock.
    loop
        select c.customer_type, c.xmin, s.customer_type, t.customer_id is not null, t.upline_id,
               p_upgrade_from is not null
                   and exists (select from sponsor_tree d where d.tenant_id = p_tenant and d.upline_id = p_customer),
               case when p_is_recorded then row_texts(c) end,
               case when p_is_recorded and t.tenant_id is not null then row_texts(t) end
          into old_type, v_version, v_sponsor_type, v_placed, v_upline, v_has_downline, customer_before, node_before
          from customers c
          left join customers s on s.tenant_id = p_tenant and s.customer_id = p_values.sponsor_id
          left join sponsor_tree t on t.tenant_id = p_tenant and t.customer_id = p_customer
         where c.tenant_id = p_tenant and c.customer_id = p_customer;
        if not found then
            outcome := 'unknown_customer';
            return;
        end if;

        if p_values.sponsor_id is not null then
            if v_sponsor_type is null then
                outcome := 'sponsor_unknown';
                return;
            elsif p_sponsor_types is not null and v_sponsor_type <> all (p_sponsor_types) then
                outcome := 'sponsor_type';
                return;
            end if;
            -- A customer that is nobody's upline and cannot become one before this commit closes no circle. Any other
            -- is checked, one at a time in a tenant, so that two moves that race see each other.
            if v_upline is distinct from p_values.sponsor_id
               and (v_placed or p_upgrade_from is not null)
               and (v_placed or v_has_downline or p_sponsor_types is null or old_type = any (p_sponsor_types))
            then
                perform pg_advisory_xact_lock(hashtext('sponsor_tree'), p_tenant);
                if sponsor_is_below(p_tenant, p_values.sponsor_id, p_customer) then
                    outcome := 'sponsor_below';
                    return;
                end if;
            end if;
        end if;

        if old_type <> all (p_upgrade_from) then
            outcome := 'transition';
            return;
        end if;

        update customers c set
            customer_type         = p_values.customer_type,
            customer_status       = coalesce(p_values.customer_status, c.customer_status),
            inactive_date         = inactive_since(c.customer_status, coalesce(p_values.customer_status, c.customer_status),
                                                   c.inactive_date, p_now),
            sponsor_id            = p_values.sponsor_id,
            birth_date            = p_values.birth_date,
            sign_up_date          = coalesce(p_values.sign_up_date, c.sign_up_date),
            upgrade_date          = case when c.customer_type = p_values.customer_type then c.upgrade_date else p_now end,
            modified_at           = p_now,
            send_emails           = p_values.send_emails,
            tax_exempt            = p_values.tax_exempt,
            terms_accepted        = p_values.terms_accepted,
            language_code         = p_values.language_code,
            back_office_id        = coalesce(p_values.back_office_id, c.back_office_id),
            back_office_id_key    = case when p_values.back_office_id is null then c.back_office_id_key
                                         else p_values.back_office_id_key end,
            email_address         = p_values.email_address,
            email_address_key     = p_values.email_address_key,
            tax_id                = p_values.tax_id,
            tax_id_key            = p_values.tax_id_key,
            username              = p_values.username,
            username_key          = p_values.username_key,
            web_alias             = p_values.web_alias,
            web_alias_key         = p_values.web_alias_key,
            password_hash         = coalesce(p_values.password_hash, c.password_hash),
            first_name            = p_values.first_name,
            last_name             = p_values.last_name,
            company_name          = p_values.company_name,
            external_reference_id = p_values.external_reference_id,
            primary_phone         = p_values.primary_phone,
            secondary_phone       = p_values.secondary_phone,
            text_phone            = p_values.text_phone,
            tax_exempt_id         = p_values.tax_exempt_id,
            primary_street1       = p_values.primary_street1,
            primary_street2       = p_values.primary_street2,
            primary_street3       = p_values.primary_street3,
            primary_city          = p_values.primary_city,
            primary_region        = p_values.primary_region,
            primary_postal_code   = p_values.primary_postal_code,
            primary_country_code  = p_values.primary_country_code,
            shipping_street1      = p_values.shipping_street1,
            shipping_street2      = p_values.shipping_street2,
            shipping_street3      = p_values.shipping_street3,
            shipping_city         = p_values.shipping_city,
            shipping_region       = p_values.shipping_region,
            shipping_postal_code  = p_values.shipping_postal_code,
            shipping_country_code = p_values.shipping_country_code,
            custom_fields         = p_values.custom_fields
         where c.tenant_id = p_tenant and c.customer_id = p_customer and c.xmin = v_version
        returning c.back_office_id, case when p_is_recorded then row_texts(c) end into back_office_id, customer_after;
        exit when found;
    end loop;

    if v_placed then
        if p_values.sponsor_id is not null and v_upline is distinct from p_values.sponsor_id then
            update sponsor_tree t set upline_id = p_values.sponsor_id
             where t.tenant_id = p_tenant and t.customer_id = p_customer
            returning case when p_is_recorded then row_texts(t) end into node_after;
        end if;
    elsif p_upgrade_from is not null then
        insert into sponsor_tree as t (tenant_id, customer_id, upline_id, placed_at)
        values (p_tenant, p_customer, p_values.sponsor_id, p_now)
        returning case when p_is_recorded then row_texts(t) end into node_after;
    end if;

    if p_upgrade_from is not null then
        insert into CRM_AssociateTypeChanges as l (
            tenant_id, id, recordnumber, AssociateID, OldAssociateType, NewAssociateType, ChangeDate, ChangedBy, RequestId)
        values (
            p_tenant, p_change, p_recordnumber, p_customer, old_type, p_values.customer_type, p_now, p_changed_by, p_request)
        returning case when p_is_recorded then row_texts(l) end into log_after;
    end if;

    outcome := 'replaced';
end
$$;
