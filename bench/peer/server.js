// For comparison: what a developer would write in a day instead of this emulator. Two processes, one SQL statement a request,
// types checked by JSON schemas, uniqueness by the database's indexes. No keys, tenants, rules, journal or log; passwords are a
// salted SHA-256. `node server.js HOST PORT DATABASE_SOCKET_FOLDER DATABASE CONNECTIONS`.
'use strict';

const cluster = require('node:cluster');
const { createHash, randomBytes } = require('node:crypto');

const PROCESSES = 2;
const [host, port, socket, database, connections] = process.argv.slice(2);

const ADDRESS = ['Street1', 'Street2', 'Street3', 'City', 'Region', 'PostalCode', 'CountryCode'];
const CUSTOM = Array.from({ length: 10 }, (_, index) => `Field${index + 1}`);

// The members of a body that have a column of their own, with the JSON type.
const MEMBERS = {
  BackOfficeId: ['back_office_id', 'string'],
  BirthDate: ['birth_date', 'date'],
  CompanyName: ['company_name', 'string'],
  CustomerStatus: ['customer_status', 'integer'],
  CustomerType: ['customer_type', 'integer'],
  EmailAddress: ['email_address', 'string'],
  ExternalReferenceId: ['external_reference_id', 'string'],
  FirstName: ['first_name', 'string'],
  LanguageCode: ['language_code', 'string'],
  LastName: ['last_name', 'string'],
  PrimaryPhone: ['primary_phone', 'string'],
  SecondaryPhone: ['secondary_phone', 'string'],
  SendEmails: ['send_emails', 'boolean'],
  SignUpDate: ['sign_up_date', 'date'],
  SponsorId: ['sponsor_id', 'integer'],
  TaxExempt: ['tax_exempt', 'boolean'],
  TaxExemptId: ['tax_exempt_id', 'string'],
  TaxId: ['tax_id', 'string'],
  TermsAccepted: ['terms_accepted', 'boolean'],
  TextPhone: ['text_phone', 'string'],
  Username: ['username', 'string'],
  WebAlias: ['web_alias', 'string'],
};
const UNIQUE = ['BackOfficeId', 'EmailAddress', 'TaxId', 'Username', 'WebAlias'];
const ADDRESSES = { PrimaryAddress: 'primary', DefaultShippingAddress: 'shipping' };

const snake = (name) => name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
const schemaOf = (type) => (type === 'date' ? { type: 'string', format: 'date-time' } : { type });
const texts = (names, nullable = false) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string', nullable }])),
});

function bodySchema(required) {
  return {
    type: 'object',
    required,
    properties: {
      ...Object.fromEntries(Object.entries(MEMBERS).map(([name, [, type]]) => [name, schemaOf(type)])),
      PrimaryAddress: texts(ADDRESS),
      DefaultShippingAddress: texts(ADDRESS),
      AssociateCustom: texts(CUSTOM),
      Password: { type: 'string', minLength: 8 },
    },
  };
}

// With the schema of a response Fastify writes it faster than JSON.stringify.
function customerSchema() {
  const { SignUpDate, ...others } = MEMBERS;
  const text = { type: 'string', nullable: true };
  const address = texts(ADDRESS, true);
  address.properties = { AddressId: { type: 'integer' }, ...address.properties };
  const properties = {
    ...Object.fromEntries(Object.entries(others).map(([name, [, type]]) => [name, /string|date/.test(type) ? text : { type }])),
    AssociateCustom: texts(CUSTOM, true), CustomerId: { type: 'integer' }, DefaultShippingAddress: address,
    EnrollerId: { type: 'integer' }, InactiveDate: text, PrimaryAddress: address, SignupDate: text,
  };
  return { type: 'object', properties: Object.fromEntries(Object.entries(properties).sort()) };
}

// The columns that a body sets, and their values.
function columnsOf(body) {
  const columns = [];
  const values = [];
  const set = (column, value) => {
    columns.push(column);
    values.push(value);
  };
  for (const name of Object.keys(body)) {
    const value = body[name];
    if (MEMBERS[name]) {
      const column = MEMBERS[name][0];
      set(column, value);
      if (UNIQUE.includes(name)) set(`${column}_key`, value.trim().toLowerCase());
    } else if (ADDRESSES[name]) {
      for (const part of Object.keys(value)) set(`${ADDRESSES[name]}_${snake(part)}`, value[part]);
    } else if (name === 'AssociateCustom') {
      set('custom_fields', CUSTOM.map((field) => value[field] ?? null));
    } else if (name === 'Password') {
      set('password_hash', hash(value));
    }
  }
  return { columns, values };
}

function hash(password) {
  const salt = randomBytes(16);
  return `${salt.toString('base64')}$${createHash('sha256').update(salt).update(password).digest('base64')}`;
}

// A statement is made once for each set of columns, and prepared under its name.
const made = new Map();
function statement(kind, columns, text) {
  const key = `${kind} ${columns.join()}`;
  let found = made.get(key);
  if (!found) {
    found = { name: `${kind}_${made.size}`, text: text(columns.map((column, index) => `${column} = $${index + 4}`).join(', ')) };
    made.set(key, found);
  }
  return found;
}

const GET = {
  name: 'get',
  text: `select customer_id, customer_type, customer_status, sponsor_id, enroller_id, birth_date, sign_up_date, inactive_date,
      send_emails, tax_exempt, terms_accepted, language_code, back_office_id, email_address, tax_id, username, web_alias, first_name,
      last_name, company_name, external_reference_id, primary_phone, secondary_phone, text_phone, tax_exempt_id, primary_street1,
      primary_street2, primary_street3, primary_city, primary_region, primary_postal_code, primary_country_code, shipping_street1,
      shipping_street2, shipping_street3, shipping_city, shipping_region, shipping_postal_code, shipping_country_code, custom_fields
    from customers where tenant_id = $1 and customer_id = $2`,
};
const update = (assignments) =>
  `update customers set ${assignments}, modified_at = $3 where tenant_id = $1 and customer_id = $2`;
const upgrade = (assignments) => `
  with changed as (
    update customers c set ${assignments}, upgrade_date = $3, modified_at = $3
      from (select customer_type from customers where tenant_id = $1 and customer_id = $2) old
     where c.tenant_id = $1 and c.customer_id = $2 and old.customer_type in (2, 3)
    returning c.customer_id, c.sponsor_id, c.customer_type, old.customer_type as old_type
  ), node as (
    insert into sponsor_tree (tenant_id, customer_id, upline_id, placed_at)
    select $1, customer_id, sponsor_id, $3 from changed
  )
  insert into CRM_AssociateTypeChanges (
    tenant_id, id, recordnumber, AssociateID, OldAssociateType, NewAssociateType, ChangeDate, ChangedBy, RequestId)
  select $1, gen_random_uuid(), (date_part('epoch', clock_timestamp()) * 1000000)::bigint * 1000 + floor(random() * 1000)::bigint, customer_id, old_type, customer_type, $3, 'api',
         gen_random_uuid()
    from changed`;

const NO_DATE = '1900-01-01T00:00:00Z';
const date = (value) => (value ? value.toISOString() : NO_DATE);
const address = (id, row, prefix) => ({
  AddressId: id,
  Street1: row[`${prefix}_street1`],
  Street2: row[`${prefix}_street2`] ?? '',
  Street3: row[`${prefix}_street3`] ?? '',
  City: row[`${prefix}_city`],
  Region: row[`${prefix}_region`],
  PostalCode: row[`${prefix}_postal_code`],
  CountryCode: row[`${prefix}_country_code`],
});

function customerOf(row) {
  const id = row.customer_id;
  const custom = row.custom_fields;
  return {
    AssociateCustom: {
      Field1: custom[0] ?? null, Field2: custom[1] ?? null, Field3: custom[2] ?? null, Field4: custom[3] ?? null,
      Field5: custom[4] ?? null, Field6: custom[5] ?? null, Field7: custom[6] ?? null, Field8: custom[7] ?? null,
      Field9: custom[8] ?? null, Field10: custom[9] ?? null,
    },
    BackOfficeId: row.back_office_id,
    BirthDate: date(row.birth_date),
    CompanyName: row.company_name,
    CustomerId: id,
    CustomerStatus: row.customer_status,
    CustomerType: row.customer_type,
    DefaultShippingAddress: row.shipping_street1 ? address(id * 2, row, 'shipping') : address(id * 2 - 1, row, 'primary'),
    EmailAddress: row.email_address,
    EnrollerId: row.enroller_id ?? 0,
    ExternalReferenceId: row.external_reference_id,
    FirstName: row.first_name,
    InactiveDate: date(row.inactive_date),
    LanguageCode: row.language_code,
    LastName: row.last_name,
    PrimaryAddress: address(id * 2 - 1, row, 'primary'),
    PrimaryPhone: row.primary_phone,
    SecondaryPhone: row.secondary_phone,
    SendEmails: row.send_emails,
    SignupDate: date(row.sign_up_date),
    SponsorId: row.sponsor_id ?? 0,
    TaxExempt: row.tax_exempt,
    TaxExemptId: row.tax_exempt_id,
    TaxId: row.tax_id,
    TermsAccepted: row.terms_accepted,
    TextPhone: row.text_phone,
    Username: row.username,
    WebAlias: row.web_alias,
  };
}

async function serve(poolSize) {
  const fastify = require('fastify')({ keepAliveTimeout: 75_000 });
  const { Pool } = require('pg');
  const pool = new Pool({ host: socket, database, user: 'postgres', max: poolSize, idleTimeoutMillis: 0 });
  const tenant = (await pool.query("select tenant_id from tenants where name = 'demo'")).rows[0].tenant_id;

  fastify.setErrorHandler((error, _request, reply) => {
    const status = error.code === '23505' || error.validation ? 400 : (error.statusCode ?? 500);
    reply.code(status).send({ statusCode: status, message: error.code === '23505' ? 'A value is in use.' : error.message });
  });
  const params = { type: 'object', properties: { id: { type: 'integer', minimum: 1 } } };
  const missing = (reply) => reply.code(404).send({ statusCode: 404, message: 'There is no such customer.' });

  fastify.get('/v1/customers/:id', { schema: { params, response: { 200: customerSchema() } } }, async (request, reply) => {
    const { rows } = await pool.query({ ...GET, values: [tenant, request.params.id] });
    return rows.length === 0 ? missing(reply) : customerOf(rows[0]);
  });

  const write = (kind, text, status) => async (request, reply) => {
    const { columns, values } = columnsOf(request.body);
    const query = statement(kind, columns, text);
    const { rowCount } = await pool.query({ ...query, values: [tenant, request.params.id, new Date(), ...values] });
    return rowCount === 0 ? missing(reply) : reply.code(status).send();
  };
  const whole = bodySchema(['FirstName', 'LastName', 'CustomerType']);
  fastify.patch('/v1/customers/:id', { schema: { params, body: bodySchema([]) } }, write('patch', update, 200));
  fastify.put('/v1/customers/:id', { schema: { params, body: whole } }, write('put', update, 200));
  fastify.put('/v1/customers/upgrade/:id', { schema: { params, body: whole } }, write('upgrade', upgrade, 201));

  await fastify.listen({ host, port: Number(port) });
}

if (cluster.isPrimary) {
  const all = Number(connections);
  for (let index = 0; index < PROCESSES; index++) {
    cluster.fork({ POOL_SIZE: Math.floor(all / PROCESSES) + (index < all % PROCESSES ? 1 : 0) });
  }
  cluster.on('exit', (_worker, code) => process.exit(code ?? 1));
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGKILL');
    process.exit(0);
  });
} else {
  serve(Number(process.env.POOL_SIZE));
}
