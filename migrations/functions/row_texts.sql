-- A row as the text of each of its columns, in their order, which the journal compares. A cast of the whole row to text gives the
-- same and costs three times as much, because it looks up the output function of each type. A test fails when a column is missing.
create or replace function row_texts(r crm_associatetypechanges) returns text[] language sql stable as $$
    select array[r.tenant_id::text, r.id::text, r.recordnumber::text, r.associateid::text, r.oldassociatetype::text,
           r.newassociatetype::text, r.changedate::text, r.changedby, r.requestid::text]
$$;

create or replace function row_texts(r companies) returns text[] language sql stable as $$
    select array[r.tenant_id::text, r.company_id::text, r.customer_id::text, r.place::text, r.company_key::text, r.name,
           r.org_no, r.name_key, r.details::text]
$$;

create or replace function row_texts(r customer_keys) returns text[] language sql stable as $$
    select array[r.tenant_id::text, r.customer_key::text, r.customer_id::text]
$$;

create or replace function row_texts(r customer_profiles) returns text[] language sql stable as $$
    select array[r.tenant_id::text, r.customer_id::text, r.owner, r.fields::text]
$$;

create or replace function row_texts(r customers) returns text[] language sql stable as $$
    select array[r.tenant_id::text, r.customer_id::text, r.customer_type::text, r.customer_status::text,
           r.sponsor_id::text, r.enroller_id::text, r.birth_date::text, r.sign_up_date::text, r.upgrade_date::text,
           r.inactive_date::text, r.modified_at::text, r.send_emails::text, r.tax_exempt::text,
           r.terms_accepted::text, r.language_code, r.back_office_id, r.back_office_id_key, r.email_address,
           r.email_address_key, r.tax_id, r.tax_id_key, r.username, r.username_key, r.web_alias, r.web_alias_key,
           r.password_hash, r.first_name, r.last_name, r.company_name, r.external_reference_id, r.primary_phone,
           r.secondary_phone, r.text_phone, r.tax_exempt_id, r.primary_street1, r.primary_street2, r.primary_street3,
           r.primary_city, r.primary_region, r.primary_postal_code, r.primary_country_code, r.shipping_street1,
           r.shipping_street2, r.shipping_street3, r.shipping_city, r.shipping_region, r.shipping_postal_code,
           r.shipping_country_code, r.custom_fields::text]
$$;

create or replace function row_texts(r reward_points) returns text[] language sql stable as $$
    select array[r.tenant_id::text, r.customer_id::text, r.id::text, r.points::text, r.entered_at::text,
           r.expires_at::text]
$$;

create or replace function row_texts(r sign_on_tokens) returns text[] language sql stable as $$
    select array[r.tenant_id::text, r.digest::text, r.customer_id::text, r.expires_at::text]
$$;

create or replace function row_texts(r sponsor_tree) returns text[] language sql stable as $$
    select array[r.tenant_id::text, r.customer_id::text, r.upline_id::text, r.placed_at::text]
$$;
