// Verifies tokens with jose and with fast-jwt, and signs with jose, as often as it is told, one line of JSON at a time:
// first {"issuer", "audience", "type", "keys": {algorithm: {"jwk", "tokens"}}}, answered by the versions;
// then {"peer", "algorithm", "tokens", "times"}, answered by the nanoseconds that took.
import { createPublicKey, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { SignJWT, generateKeyPair, importJWK, jwtVerify } from 'jose';
import { createVerifier } from 'fast-jwt';

const cacheSize = 100_000; // More than there are tokens: every repeat is a hit.
const require = createRequire(import.meta.url);
const version = name => JSON.parse(require('node:fs').readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const setup = JSON.parse((await lines.next()).value);
const peers = {};
for (const [algorithm, { jwk, tokens }] of Object.entries(setup.keys)) {
  const key = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const options = { key, algorithms: [algorithm], allowedIss: setup.issuer, allowedAud: setup.audience, checkTyp: setup.type };
  const [plain, cached] = [createVerifier({ ...options, cache: false }), createVerifier({ ...options, cache: cacheSize })];
  const imported = await importJWK(jwk, algorithm);
  const checks = { issuer: setup.issuer, audience: setup.audience, typ: setup.type, algorithms: [algorithm] };
  const { privateKey } = await generateKeyPair(algorithm);
  const id = () => randomBytes(16).toString('base64url');
  const session = id();
  const repeat = verify => (count, times) => {
    for (let i = 0, t = 0; i < times; i++, t = t + 1 === count ? 0 : t + 1) {
      verify(tokens[t]);
    }
  };
  peers[algorithm] = {
    'fast-jwt': repeat(plain),
    'fast-jwt with its cache': repeat(cached),
    jose: async (count, times) => {
      for (let i = 0, t = 0; i < times; i++, t = t + 1 === count ? 0 : t + 1) {
        await jwtVerify(tokens[t], imported, checks);
      }
    },
    'jose, signing': async (count, times) => {
      for (let i = 0; i < times; i++) {
        const now = Math.floor(Date.now() / 1000);
        await new SignJWT({ client_id: 'default', sid: session, auth_time: now, scope: 'reports.read reports.write', roles: ['clerk'], amr: ['pwd'] })
          .setProtectedHeader({ alg: algorithm, kid: jwk.kid, typ: setup.type })
          .setIssuer(setup.issuer).setSubject('ada').setAudience(setup.audience).setIssuedAt(now).setExpirationTime(now + 600).setJti(id())
          .sign(privateKey);
      }
    },
  };
}

console.log(JSON.stringify({ node: process.versions.node, jose: version('jose'), 'fast-jwt': version('fast-jwt') }));
for (;;) {
  const { value, done } = await lines.next();
  if (done) {
    break;
  }

  const { peer, algorithm, tokens, times } = JSON.parse(value);
  const startedAt = process.hrtime.bigint();
  await peers[algorithm][peer](tokens, times);
  console.log(String(process.hrtime.bigint() - startedAt));
}
