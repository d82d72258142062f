import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A new key and a certificate that it has signed itself, as PEM. */
export type Identity = { readonly key: string; readonly certificate: string };

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
const DNS_NAME = 0x82; // [2] IMPLICIT in GeneralName.

const ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const COMMON_NAME = [0x55, 0x04, 0x03];
const SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS = [0x55, 0x1d, 0x13];

/**
 * Node signs and parses certificates and makes none, so this writes the few fields of RFC 5280
 * §4.1 that a client asks for: a P-256 key, one DNS name, valid from 2020 to 2049.
 */
export function selfSigned(dnsName: string): Identity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = der(SEQUENCE, der(OBJECT_ID, ECDSA_WITH_SHA256));
  const signed = toBeSigned(dnsName, algorithm, publicKey);
  const signature = der(BIT_STRING, [0], sign('sha256', signed, privateKey));
  const certificate = der(SEQUENCE, signed, algorithm, signature);
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: pem(certificate),
  };
}

function toBeSigned(dnsName: string, algorithm: Buffer, publicKey: KeyObject): Buffer {
  const commonName = der(SEQUENCE, der(OBJECT_ID, COMMON_NAME), der(UTF8_STRING, dnsName));
  const name = der(SEQUENCE, der(SET, commonName));
  const validity = der(SEQUENCE, der(UTC_TIME, '200101000000Z'), der(UTC_TIME, '491231235959Z'));
  const extensions = der(
    SEQUENCE,
    extension(SUBJECT_ALT_NAME, der(SEQUENCE, der(DNS_NAME, dnsName))),
    extension(BASIC_CONSTRAINTS, der(SEQUENCE, der(BOOLEAN, [0xff]))), // It is its own authority.
  );
  return der(
    SEQUENCE,
    der(0xa0, der(INTEGER, [2])), // Version 3.
    der(INTEGER, [1]), // Serial number.
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
}

function extension(id: readonly number[], value: Buffer): Buffer {
  return der(SEQUENCE, der(OBJECT_ID, id), der(OCTET_STRING, value));
}

/** Tag, length, value (X.690 §8.1). */
function der(tag: number, ...parts: (readonly number[] | Uint8Array | string)[]): Buffer {
  const value = Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)));
  const { length } = value;
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...(length < 0x80 ? [length] : long)]), value]);
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
