// One round of jsforce on standard input (JSON: login, rows, changed, kept, key, prefix) → what it tells, as JSON.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const jsforce = require('jsforce');

const given = JSON.parse(fs.readFileSync(0, 'utf8'));
const waits = { pollInterval: 20, pollTimeout: 30000 };

function assertion({ client_id: iss, username: sub, private_key_file: file }) {
  const part = (document) => Buffer.from(JSON.stringify(document)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + 180;
  const text = `${part({ alg: 'RS256' })}.${part({ iss, sub, aud: 'https://login.salesforce.com', exp })}`;
  return `${text}.${crypto.createSign('RSA-SHA256').update(text).sign(fs.readFileSync(file)).toString('base64url')}`;
}

async function connected(login) {
  const whole = login.password + login.security_token;
  const app = { clientId: login.client_id, clientSecret: login.client_secret };
  if (login.kind === 'soap') {
    const connection = new jsforce.Connection({ logLevel: 'FATAL' });
    await connection.login(login.username, whole);
    return connection;
  }
  if (login.kind === 'password') {
    const connection = new jsforce.Connection({ oauth2: app });
    await connection.login(login.username, whole);
    return connection;
  }
  if (login.kind === 'token') {
    return new jsforce.Connection({ instanceUrl: login.my_domain, accessToken: login.access_token });
  }
  const loginUrl = login.kind === 'credentials' ? login.my_domain : 'https://login.salesforce.com';
  const connection = new jsforce.Connection({ oauth2: { ...app, loginUrl } });
  const grant = login.kind === 'credentials'
    ? { grant_type: 'client_credentials' }
    : { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: assertion(login) };
  await connection.authorize(grant);
  return connection;
}

async function round(connection) {
  const load = (operation, input, more = {}) =>
    connection.bulk2.loadAndWaitForResults({ object: 'Account', operation, input, ...more, ...waits });
  const made = await load('insert', given.rows);
  const upserted = await load('upsert', given.changed, { externalIdFieldName: given.key });
  const ids = Object.fromEntries(upserted.successfulResults.map((row) => [row[given.key], row.sf__Id]));
  const updated = await load('update', Object.entries(given.kept).map(([key, Name]) => ({ Id: ids[key], Name })));
  const deleted = await load('delete', [{ Id: ids[`${given.prefix}-more`] }]);
  const soql = `SELECT ${given.key}, Name FROM Account WHERE ${given.key} LIKE '${given.prefix}-%'`;
  const table = (records) => Object.fromEntries(records.map((row) => [row[given.key], row.Name]));
  const found = await connection.query(soql);
  const downloaded = await (await connection.bulk2.query(soql, waits)).toArray();
  return {
    inserted: made.successfulResults.length,
    refused: made.failedResults.map((row) => row.sf__Error),
    created: upserted.successfulResults.map((row) => row.sf__Created).sort(),
    updated: updated.successfulResults.length,
    queried: table(found.records),
    deleted: deleted.successfulResults.length,
    downloaded: table(downloaded),
    unprocessed: made.unprocessedRecords.length,
  };
}

connected(given.login)
  .then(round)
  .then((told) => console.log(JSON.stringify(told)))
  .catch((wrong) => {
    console.error(wrong);
    process.exitCode = 1;
  });
