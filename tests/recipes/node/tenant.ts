// A test with a tenant of its own: `test('…', async ({ tenant }) => …)`.
import { randomUUID } from 'node:crypto';

import { test as base } from 'vitest';

/** A copy of the demo tenant. `api` sends requests to DirectScale's API with its key. */
export interface Tenant {
  name: string;
  key: string;
  baseUrl: string;
  api(method: string, path: string, body?: unknown): Promise<Response>;
}

async function control(method: string, path: string, body?: unknown) {
  const token = process.env.EMULATOR_ADMIN_TOKEN;
  const response = await fetch(`${process.env.EMULATOR_SERVER}/_emulator/tenants/${path}`, {
    method,
    headers: token ? { Authorization: `Bearer ${token}` } : {},
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
}

export const test = base.extend<{ tenant: Tenant }>({
  tenant: async ({}, use) => {
    const name = `test-${randomUUID()}`;
    const key = randomUUID().replaceAll('-', '');
    const baseUrl = `${process.env.EMULATOR_SERVER}/v1`;
    // If the run is killed, the server deletes the tenant after ten minutes.
    await control('POST', 'demo/fork', { name, key, expires_in_seconds: 600 });
    const api = (method: string, path: string, body?: unknown) =>
      fetch(baseUrl + path, {
        method,
        headers: { 'Ocp-Apim-Subscription-Key': key, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
    await use({ name, key, baseUrl, api });
    await control('DELETE', name);
  },
});
