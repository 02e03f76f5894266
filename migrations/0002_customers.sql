-- One row a customer, both addresses in it, so that every write of a customer is one statement on one row.
--
-- Uniqueness: each *_key column holds the trimmed, lower-case value where the tenant's plan makes the field unique, and
-- NULL where it does not. No CHECK constraint: Postgres reads its text anew for every write. Room is left in each page (fillfactor) and nothing that an update usually changes is indexed,
-- so that updates stay heap-only.
create table customers (
    tenant_id             integer not null,
    customer_id           integer not null,
    customer_type         integer not null,
    customer_status       integer not null,
    sponsor_id            integer,
    enroller_id           integer,
    birth_date            timestamptz,
    sign_up_date          timestamptz not null,
    upgrade_date          timestamptz,
    inactive_date         timestamptz,
    modified_at           timestamptz not null,
    send_emails           boolean not null,
    tax_exempt            boolean not null,
    terms_accepted        boolean not null,
    language_code         text not null,
    back_office_id        text not null,
    back_office_id_key    text,
    email_address         text,
    email_address_key     text,
    tax_id                text,
    tax_id_key            text,
    username              text,
    username_key          text,
    web_alias             text,
    web_alias_key         text,
    password_hash         text,
    first_name            text,
    last_name             text,
    company_name          text,
    external_reference_id text,
    primary_phone         text,
    secondary_phone       text,
    text_phone            text,
    tax_exempt_id         text,
    primary_street1       text,
    primary_street2       text,
    primary_street3       text,
    primary_city          text,
    primary_region        text,
    primary_postal_code   text,
    primary_country_code  text,
    shipping_street1      text,
    shipping_street2      text,
    shipping_street3      text,
    shipping_city         text,
    shipping_region       text,
    shipping_postal_code  text,
    shipping_country_code text,
    -- Field1 to Field10 in order, or empty when none is set.
    custom_fields         text[] not null default '{}',
    constraint customers_pkey primary key (tenant_id, customer_id),
    constraint customers_tenant_fkey foreign key (tenant_id) references tenants (tenant_id),
    constraint customers_back_office_id_key unique (tenant_id, back_office_id_key),
    constraint customers_email_address_key unique (tenant_id, email_address_key),
    constraint customers_tax_id_key unique (tenant_id, tax_id_key),
    constraint customers_username_key unique (tenant_id, username_key),
    constraint customers_web_alias_key unique (tenant_id, web_alias_key)
) with (fillfactor = 70);

create index customers_external_reference_id_idx on customers (tenant_id, external_reference_id);

-- The unilevel sponsor tree: at most one node a customer. Neither the customer nor the upline is a foreign key, here or in
-- the log: the functions that write them have the customer's row in hand and have checked the upline, customers are voided
-- and not deleted, and each key would cost an upgrade a look-up and a lock (a tenth of its CPU, measured).
create table sponsor_tree (
    tenant_id   integer not null,
    customer_id integer not null,
    upline_id   integer,
    placed_at   timestamptz not null,
    constraint sponsor_tree_pkey primary key (tenant_id, customer_id)
);

create index sponsor_tree_upline_idx on sponsor_tree (tenant_id, upline_id);

-- What an upgrade leaves behind. The name is the vendor's ("Logs the change to the CRM_AssociateTypeChanges table"), the
-- columns are ours: nothing is published. recordnumber ascends with time and is not gapless.
create table CRM_AssociateTypeChanges (
    tenant_id        integer not null,
    id               uuid not null,
    recordnumber     bigint not null,
    AssociateID      integer not null,
    OldAssociateType integer not null,
    NewAssociateType integer not null,
    ChangeDate       timestamptz not null,
    ChangedBy        text not null,
    RequestId        uuid not null,
    constraint crm_associatetypechanges_pkey primary key (tenant_id, AssociateID, id)
);

-- What one call wants to write, as one argument of the functions and statements that write a customer.
create type customer_values as (
    customer_type         integer,
    customer_status       integer,
    sponsor_id            integer,
    birth_date            timestamptz,
    sign_up_date          timestamptz,
    send_emails           boolean,
    tax_exempt            boolean,
    terms_accepted        boolean,
    language_code         text,
    back_office_id        text,
    back_office_id_key    text,
    email_address         text,
    email_address_key     text,
    tax_id                text,
    tax_id_key            text,
    username              text,
    username_key          text,
    web_alias             text,
    web_alias_key         text,
    password_hash         text,
    first_name            text,
    last_name             text,
    company_name          text,
    external_reference_id text,
    primary_phone         text,
    secondary_phone       text,
    text_phone            text,
    tax_exempt_id         text,
    primary_street1       text,
    primary_street2       text,
    primary_street3       text,
    primary_city          text,
    primary_region        text,
    primary_postal_code   text,
    primary_country_code  text,
    shipping_street1      text,
    shipping_street2      text,
    shipping_street3      text,
    shipping_city         text,
    shipping_region       text,
    shipping_postal_code  text,
    shipping_country_code text,
    custom_fields         text[]
);

-- Which of them a PATCH sent.
create type customer_fields_sent as (
    customer_type    boolean,
    customer_status  boolean,
    birth_date       boolean,
    language_code    boolean,
    email_address    boolean,
    tax_id           boolean,
    username         boolean,
    web_alias        boolean,
    first_name       boolean,
    last_name        boolean,
    company_name     boolean,
    primary_phone    boolean,
    secondary_phone  boolean,
    text_phone       boolean,
    primary_address  boolean,
    shipping_address boolean,
    -- One flag for each of Field1 to Field10, or empty when AssociateCustom was not sent.
    custom_fields    boolean[]
);
