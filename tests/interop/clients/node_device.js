// A device by the official Node SDK: registers, connects, sends, and lives by its twin until its standard input ends.
//
//   node_device.js x509 PROVISIONING_HOST ID_SCOPE REGISTRATION_ID CERT_FILE KEY_FILE
//   node_device.js key PROVISIONING_HOST ID_SCOPE REGISTRATION_ID KEY
//   node_device.js connect CONNECTION_STRING
//
// Standard output, one JSON value a line: the registration (not with `connect`), "sent" for each acknowledged message, the
// twin as it was read, null once it has reported and listens, then each change of the desired properties.
'use strict';

const fs = require('fs');
const { Client, Message } = require('azure-iot-device');
const { Mqtt } = require('azure-iot-device-mqtt');
const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const provisioning = require('azure-iot-provisioning-device-mqtt');
const { SymmetricKeySecurityClient } = require('azure-iot-security-symmetric-key');
const { X509Security } = require('azure-iot-security-x509');

const MESSAGES = 3;

const say = (value) => process.stdout.write(JSON.stringify(value) + '\n');

function register(security, host, scope) {
  const client = ProvisioningDeviceClient.create(host, scope, new provisioning.Mqtt(), security);
  return new Promise((done, failed) =>
    client.register((error, result) => (error ? failed(error) : done(result))));
}

function shown(result) {
  const { registrationId, assignedHub, deviceId, status, substatus } = result;
  say({ registrationId, assignedHub, deviceId, status, substatus });
}

async function byCertificate([host, scope, id, certFile, keyFile]) {
  const x509 = { cert: fs.readFileSync(certFile).toString(), key: fs.readFileSync(keyFile).toString() };
  const result = await register(new X509Security(id, x509), host, scope);
  shown(result);
  const client = Client.fromConnectionString(`HostName=${result.assignedHub};DeviceId=${result.deviceId};x509=true`, Mqtt);
  await client.setOptions(x509);
  return client;
}

async function byKey([host, scope, id, key]) {
  const result = await register(new SymmetricKeySecurityClient(id, key), host, scope);
  shown(result);
  return Client.fromConnectionString(
    `HostName=${result.assignedHub};DeviceId=${result.deviceId};SharedAccessKey=${key}`, Mqtt);
}

async function live(client) {
  await client.open();
  for (let number = 1; number <= MESSAGES; number++) {
    const message = new Message(JSON.stringify({ number }));
    message.contentType = 'application/json';
    message.contentEncoding = 'utf-8';
    message.properties.add('from', 'node');
    await client.sendEvent(message);
    say('sent');
  }
  const twin = await client.getTwin();
  say({ desired: twin.properties.desired, reported: { $version: twin.properties.reported.$version } });
  await new Promise((done, failed) =>
    twin.properties.reported.update({ battery: { level: 90 } }, (error) => (error ? failed(error) : done())));
  // The SDK hands over what is there when a listener is added, before any change.
  twin.on('properties.desired', (patch) => say(patch));
  await new Promise((done, failed) =>
    twin.properties.reported.update({ ready: true }, (error) => (error ? failed(error) : done())));
  say(null);
  await new Promise((done) => process.stdin.resume().on('end', done));
  await client.close();
}

async function main() {
  const [how, ...what] = process.argv.slice(2);
  if (how === 'x509') return live(await byCertificate(what));
  if (how === 'key') return live(await byKey(what));
  return live(Client.fromConnectionString(what[0], Mqtt));
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error.stack, error.responseBody);
    process.exit(1);
  }
);
