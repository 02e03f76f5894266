import { expect } from 'vitest';

import { test } from './tenant.js';

const upgrade = {
  CustomerType: 1, BirthDate: '1973-05-12T00:00:00Z', SponsorId: 2, TermsAccepted: true,
  FirstName: 'Minch', LastName: 'Yoda', EmailAddress: 'yodaminch@testing.directscale.com',
  Username: 'YodaIAm', Password: 'Password123!', TaxId: 'TAX-TEST-3333',
  PrimaryAddress: { Street1: '250 South 400 West', Region: 'UT', CountryCode: 'US' },
  DefaultShippingAddress: {
    Street1: '250 South 400 West', PostalCode: '84042', City: 'Lindon', CountryCode: 'US',
  },
};

test('a retail customer becomes a distributor', async ({ tenant }) => {
  expect((await tenant.api('PUT', '/customers/upgrade/3', upgrade)).status).toBe(201);
  const customer = await (await tenant.api('GET', '/customers/3')).json();
  expect(customer.CustomerType).toBe(1);
});

test('another test does not see it', async ({ tenant }) => {
  const customer = await (await tenant.api('GET', '/customers/3')).json();
  expect(customer.CustomerType).toBe(2);
});

test('a rejected upgrade names the field', async ({ tenant }) => {
  const rejected = await tenant.api('PUT', '/customers/upgrade/3', { ...upgrade, TaxId: '' });
  expect(rejected.status).toBe(500);
  expect(rejected.headers.get('X-DirectScale-Message')).toContain('TaxId is required');
});
