// Uses the emulator through openapi-fetch, with the types that openapi-typescript generates from its document.
import createClient from "openapi-fetch";
import type { components, paths } from "./directscale.js";

declare const process: { argv: string[] };

const [, , address, key] = process.argv;
const client = createClient<paths>({ baseUrl: address, headers: { "Ocp-Apim-Subscription-Key": key } });

function check(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(what);
}

const address1 = { Street1: "250 South 400 West", City: "Lindon", Region: "UT", PostalCode: "84042", CountryCode: "US" };
const retail: components["schemas"]["CustomerRequest"] = {
  CustomerType: 2, SponsorId: 2, FirstName: "Tess", LastName: "Types", Username: "tess", Password: "PasswordHere1",
  EmailAddress: "tess@customers.example", PrimaryAddress: address1,
};
const created = await client.POST("/v1/customers", { body: retail });
check(created.response.status === 201 && typeof created.data === "number", `create: ${created.response.status}`);
const params = { path: { customerId: created.data as number } };

const rejected = await client.PUT("/v1/customers/upgrade/{customerId}", { params, body: { ...retail, CustomerType: 1 } });
const fields = rejected.error?.errors?.map((error) => error.field) ?? [];
check(rejected.response.status === 500 && fields.includes("BirthDate"), `the rejected upgrade names ${fields}`);

const upgraded = await client.PUT("/v1/customers/upgrade/{customerId}", {
  params,
  body: {
    ...retail, CustomerType: 1, BirthDate: "1973-05-12T00:00:00Z", TaxId: "TAX-TS-1", TermsAccepted: true,
    DefaultShippingAddress: address1,
  },
});
check(upgraded.response.status === 201, `upgrade: ${upgraded.response.status} ${upgraded.error?.message}`);

const patched = await client.PATCH("/v1/customers/{customerId}", { params, body: { FirstName: "Tessa" } });
check(patched.response.status === 200, `patch: ${patched.response.status} ${patched.error?.message}`);

const read = await client.GET("/v1/customers/{customerId}", { params });
check(read.data?.CustomerType === 1 && read.data.FirstName === "Tessa", `read: ${JSON.stringify(read.data)}`);
console.log(`openapi-typescript: customer ${params.path.customerId} created, upgraded, patched and read`);
