// Sends a body with Node's clients; prints the status that each one sees.
import http from "node:http";

const [address, key, length] = process.argv.slice(2);
const body = "x".repeat(Number(length));
const headers = { "Content-Type": "application/json", ...(key ? { "Ocp-Apim-Subscription-Key": key } : {}) };

const withHttp = (agent) => new Promise((resolve, reject) => {
  const sent = { ...headers, "Content-Length": Buffer.byteLength(body) };
  const request = http.request(address, { method: "POST", headers: sent, agent }, (response) => {
    response.resume();
    response.on("end", () => resolve(response.statusCode));
  });
  request.on("error", reject);
  request.end(body);
});

const withAgent = async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const first = await withHttp(agent);
  const second = await withHttp(agent);
  agent.destroy();
  return first === second ? first : `${first} and then ${second}`;
};

const withFetch = async () => {
  const response = await fetch(address, { method: "POST", headers, body });
  await response.text();
  return response.status;
};

for (const [name, send] of [["http", () => withHttp(undefined)], ["http keepAlive", withAgent], ["fetch", withFetch]]) {
  console.log(`node ${name}`, await send().catch((error) => `${error} ${error.cause ?? ""}`));
}
