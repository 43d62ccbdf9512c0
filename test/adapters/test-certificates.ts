/**
 * Certificates for tests, made on the spot: an authority, and what it signs for 127.0.0.1.
 *
 * Just enough of X.509 (RFC 5280) in DER for Node.js to accept it; keys are on the curve P-256.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export interface Identity {
  readonly cert: Uint8Array;
  readonly key: Uint8Array;
}

export interface TestAuthority {
  readonly cert: Uint8Array;
  identity(name: string): Identity;
}

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Uint8Array.from(head), content]);
}

const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents);
const oid = (...bytes: readonly number[]): Buffer => der(0x06, Uint8Array.from(bytes));
const integer = (bytes: Uint8Array): Buffer => der(0x02, bytes);
const bitString = (bytes: Uint8Array): Buffer => der(0x03, Uint8Array.of(0), bytes);
const always = der(0x01, Uint8Array.of(0xff));
const time = (text: string): Buffer => der(0x18, Buffer.from(text));

const ecdsaWithSha256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const commonName = (name: string): Buffer =>
  sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(name)))));
const mayCertify = sequence(oid(0x55, 0x1d, 0x13), always, der(0x04, sequence(always)));
const loopbackOnly = sequence(oid(0x55, 0x1d, 0x11), der(0x04, sequence(der(0x87, Uint8Array.of(127, 0, 0, 1)))));

interface Subject {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly extension: Uint8Array;
}

function certificate(
  { name, publicKey, extension }: Subject,
  issuer: { name: string; privateKey: KeyObject },
): Uint8Array {
  const facts = sequence(
    der(0xa0, integer(Uint8Array.of(2))),
    integer(Uint8Array.from([1, ...randomBytes(8)])),
    ecdsaWithSha256,
    commonName(issuer.name),
    sequence(time('20200101000000Z'), time('21200101000000Z')),
    commonName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension)),
  );
  const signed = sequence(facts, ecdsaWithSha256, bitString(sign('sha256', facts, issuer.privateKey)));
  return Buffer.from(`-----BEGIN CERTIFICATE-----\n${signed.toString('base64')}\n-----END CERTIFICATE-----\n`);
}

export function makeTestAuthority(): TestAuthority {
  const authority = { name: 'test authority', ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
  return {
    cert: certificate({ ...authority, extension: mayCertify }, authority),
    identity(name) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return {
        cert: certificate({ name, publicKey, extension: loopbackOnly }, authority),
        key: Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })),
      };
    },
  };
}
