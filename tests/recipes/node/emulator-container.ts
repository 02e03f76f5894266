// Before all tests: starts the emulator in a container, unless EMULATOR_SERVER names a server.
import { randomBytes } from 'node:crypto';

import { GenericContainer, Wait } from 'testcontainers';

export default async function setup() {
  if (process.env.EMULATOR_SERVER) return;
  const token = randomBytes(16).toString('hex');
  const container = await new GenericContainer(process.env.EMULATOR_IMAGE ?? 'directscale-emulator')
    .withEnvironment({ EMULATOR_ADMIN_TOKEN: token })
    .withExposedPorts(8080)
    .withWaitStrategy(Wait.forHttp('/readyz', 8080))
    .start();
  process.env.EMULATOR_SERVER = `http://${container.getHost()}:${container.getMappedPort(8080)}`;
  process.env.EMULATOR_ADMIN_TOKEN = token;
  return async () => {
    await container.stop();
  };
}
