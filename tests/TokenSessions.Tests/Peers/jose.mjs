// Verifies tokens with jose, one line of JSON at a time, until standard input ends:
// {"issuer", "audience", "types", "algorithms", "skew" and "life" in seconds, "now" in milliseconds since 1970, "keySet" (a text), "tokens"},
// answered by a list with one entry for each token: null if it is refused, else [iss, sub, client_id, jti, sid, exp, iat, aud...].
import { webcrypto } from 'node:crypto';
import { createInterface } from 'node:readline';
import { createLocalJWKSet, jwtVerify } from 'jose';

globalThis.crypto ??= webcrypto; // Node.js 18 has it under that name alone.

const requiredClaims = ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'sid', 'client_id'];

// Where the key set is not one that the library reads, it accepts nothing.
const read = keySet => {
  try {
    return createLocalJWKSet(JSON.parse(keySet));
  } catch (error) {
    return () => { throw error; };
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  const { issuer, audience, types, algorithms, skew, life, now, keySet, tokens } = JSON.parse(line);
  const checks = { issuer, audience, algorithms, requiredClaims, clockTolerance: skew, maxTokenAge: life, currentDate: new Date(now) };
  const keys = read(keySet);
  const verify = async token => {
    for (const typ of types) { // It can be told one.
      let payload;
      try {
        ({ payload } = await jwtVerify(token, keys, { ...checks, typ }));
      } catch {
        continue; // Errors of many types: that is how it refuses.
      }

      const { iss, sub, client_id, jti, sid, exp, iat, aud } = payload;
      return [iss, sub, client_id, jti, sid, exp, iat, ...[aud].flat()].map(value => String(value).replace(/\p{Surrogate}/gu, '\uFFFD'));
    }

    return null;
  };

  const answers = [];
  for (const token of tokens) {
    answers.push(await verify(token));
  }

  console.log(JSON.stringify(answers));
}
