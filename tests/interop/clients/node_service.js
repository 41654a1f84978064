// The official Node service SDK against the registry, twins and query of the hub in HUB_CONNECTION_STRING.
//
// Standard output: `ok NAME` for each check; the first that fails ends the run with its reason on standard error.
'use strict';

const assert = require('assert');
const { Registry } = require('azure-iothub');

const registry = Registry.fromConnectionString(process.env.HUB_CONNECTION_STRING);
const key = (letter) => Buffer.from(letter.repeat(32)).toString('base64');
const body = (answer) => answer.responseBody;

async function refused(call, name) {
  await assert.rejects(call, (error) => {
    assert.strictEqual(error.name, name, String(error));
    return true;
  });
}

const checks = {
  async device() {
    const made = body(await registry.create({
      deviceId: 'node.1#x', status: 'enabled',
      authentication: { symmetricKey: { primaryKey: key('1'), secondaryKey: key('2') } },
    }));
    assert.deepStrictEqual([made.deviceId, made.authentication.type], ['node.1#x', 'sas']);
    const seen = body(await registry.get(made.deviceId));
    assert.strictEqual(seen.authentication.symmetricKey.primaryKey, key('1'));
    const changed = body(await registry.update({ ...seen, status: 'disabled', statusReason: 'spare' }));
    assert.deepStrictEqual([changed.status, changed.statusReason], ['disabled', 'spare']);
    assert.ok(body(await registry.list()).some((one) => one.deviceId === made.deviceId));
    await refused(registry.create({ deviceId: made.deviceId }), 'DeviceAlreadyExistsError');
    await registry.delete(made.deviceId);
    await refused(registry.get(made.deviceId), 'DeviceNotFoundError');
  },

  async thumbprints() {
    const made = body(await registry.create({
      deviceId: 'node-x509', authentication: { x509Thumbprint: { primaryThumbprint: 'C'.repeat(40) } },
    }));
    assert.strictEqual(made.authentication.type, 'selfSigned');
    await registry.delete('node-x509');
  },

  async bulk() {
    const devices = Array.from({ length: 25 }, (_, n) => ({ deviceId: `fleet-${n}` }));
    assert.strictEqual(body(await registry.addDevices(devices)).isSuccessful, true);
    assert.strictEqual(
      body(await registry.updateDevices(devices.map((one) => ({ ...one, status: 'disabled' })), true)).isSuccessful, true);
  },

  async statistics() {
    const { totalDeviceCount, disabledDeviceCount } = body(await registry.getRegistryStatistics());
    assert.ok(totalDeviceCount >= 25 && disabledDeviceCount >= 25);
  },

  async twins() {
    const twin = body(await registry.getTwin('fleet-1'));
    await twin.update({ tags: { room: 4 }, properties: { desired: { interval: 5 } } });
    const changed = body(await registry.getTwin('fleet-1'));
    assert.deepStrictEqual([changed.tags.room, changed.properties.desired.interval], [4, 5]);
    await refused(registry.updateTwin('fleet-1', { tags: { room: 5 } }, 'AAAAAAAAAAA='), 'InvalidEtagError');
    const again = body(await registry.updateTwin('fleet-1', { tags: { room: null } }, '*'));
    assert.strictEqual(again.tags.room, undefined);
  },

  async modules() {
    const owner = body(await registry.get('fleet-1'));
    // A disabled device's modules answer 401.
    await refused(registry.getModule('fleet-1', 'm'), 'UnauthorizedError');
    await registry.update({ ...owner, status: 'enabled' });
    await registry.addModule({ deviceId: 'fleet-1', moduleId: 'm', managedBy: 'me' });
    const seen = body(await registry.getModule('fleet-1', 'm'));
    assert.deepStrictEqual([seen.moduleId, seen.managedBy], ['m', 'me']);
    assert.deepStrictEqual(body(await registry.getModulesOnDevice('fleet-1')).map((one) => one.moduleId), ['m']);
    const twin = body(await registry.updateModuleTwin('fleet-1', 'm', { properties: { desired: { a: 1 } } }, '*'));
    assert.strictEqual(twin.properties.desired.a, 1);
    await registry.removeModule('fleet-1', 'm');
  },

  async query() {
    const query = registry.createQuery("SELECT * FROM devices WHERE STARTSWITH(deviceId, 'fleet-')", 10);
    const sizes = [];
    while (query.hasMoreResults) sizes.push((await query.nextAsTwin()).result.length);
    assert.deepStrictEqual(sizes, [10, 10, 5]);
    const counted = registry.createQuery("SELECT COUNT() AS n FROM devices WHERE STARTSWITH(deviceId, 'fleet-') AND status = 'disabled'");
    assert.deepStrictEqual((await counted.next()).result, [{ n: 24 }]);
    await refused(registry.createQuery('SELECT FROM devices').next(), 'ArgumentError');
  },

  async removal() {
    const devices = Array.from({ length: 25 }, (_, n) => ({ deviceId: `fleet-${n}` }));
    assert.strictEqual(body(await registry.removeDevices(devices, true)).isSuccessful, true);
    await refused(registry.getTwin('fleet-1'), 'DeviceNotFoundError');
  },
};

async function main() {
  for (const [name, check] of Object.entries(checks)) {
    await check();
    console.log(`ok ${name}`);
  }
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error.stack, error.responseBody);
    process.exit(1);
  }
);
