import { create, toBinary } from '@bufbuild/protobuf';
import { gcm } from '@noble/ciphers/aes.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { ml_kem768_x25519, ml_kem1024_p384 } from '@noble/post-quantum/hybrid.js';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { PublicKeySchema, SignatureSchema } from '../../gen/atedb/v1/event_pb.js';
import {
  CallRequestSchema,
  CallResponseSchema,
  ClientFinishedSchema,
  ClientHelloSchema,
  ServerHelloSchema,
  ServerIdentitySchema,
  ServerParametersSchema,
  ServerProofSchema,
} from '../../gen/atedb/v1/wire_pb.js';

// The tunnel once more, written from docs/wire.md with the stubs and the noble libraries alone, and with nothing of src/. It
// makes the vectors, and holds src/wire against them.

/** What a handshake follows from. All of it is bytes but numbers. */
export interface WireInputs {
  readonly clientKeyBits: number;
  readonly serverKeyBits: number;
  readonly clientRandom: Buffer;
  /** Seeds of the shares, by the KEM's number, ascending. */
  readonly seeds: readonly { readonly kem: number; readonly seed: Buffer }[];
  /** ML-DSA-65's, then Ed25519's. */
  readonly identitySeed: Buffer;
  readonly sessionId: Buffer;
  readonly secret: Buffer;
  /** ML-KEM's `m`, then the secret of the curve. */
  readonly encapsulation: Buffer;
  readonly rotations: readonly Buffer[];
  readonly lifetimeMs: number;
  readonly idleMs: number;
  readonly bytesMax: number;
}

/** Which frames of a call are shown. */
export interface CallInputs {
  readonly call: number;
  readonly clientRandom: Buffer;
  readonly serverRandom: Buffer;
  readonly frames: readonly FrameInputs[];
}

/** A frame by its place among those of its sender. */
export interface FrameInputs {
  readonly sender: 'client' | 'server';
  readonly index: number;
  readonly type: number;
  readonly payload: Buffer;
}

const kems = {
  25722: { kem: ml_kem768_x25519, encBytes: 1120 },
  81: { kem: ml_kem1024_p384, encBytes: 1665 },
} as const;

const ascii = (text: string) => Buffer.from(text, 'ascii');
const join = (...parts: Uint8Array[]) => Buffer.concat(parts);
const tag = (name: string) => join(Buffer.of(name.length + 9), ascii(`atedb/v1/${name}`));
const h = (name: string, ...parts: Uint8Array[]) => Buffer.from(sha256(join(tag(name), ...parts)));
const expanded = (key: Uint8Array, length: number, name: string, ...parts: Uint8Array[]) =>
  Buffer.from(expand(sha256, key, join(tag(name), ...parts), length));

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** The values of a handshake, under the names that docs/wire.md gives them. */
export type HandshakeValues = ReturnType<typeof handshake>;

/** What a server may do that no server does; all else follows from it, as from what is right. */
export interface HandshakeLies {
  readonly keyBits?: number;
  readonly kem?: number;
  /** What its signature is for. */
  readonly purpose?: string;
  /** Whose the signature is. */
  readonly signerSeed?: Buffer;
  readonly mac?: Buffer;
}

/** Make both ends' part of a handshake. */
export function handshake(inputs: WireInputs, lies: HandshakeLies = {}) {
  const clientHello = toBinary(
    ClientHelloSchema,
    create(ClientHelloSchema, {
      magic: 0x01435741,
      random: inputs.clientRandom,
      keyBits: inputs.clientKeyBits,
      shares: inputs.seeds.map(({ kem, seed }) => ({
        kem,
        publicKey: kems[kem as keyof typeof kems].kem.keygen(seed).publicKey,
      })),
    }),
  );
  const t1 = h('wire-client-hello', clientHello);

  const keyBits = lies.keyBits ?? Math.max(inputs.clientKeyBits, inputs.serverKeyBits);
  const kemId = lies.kem ?? (keyBits === 256 ? 0x0051 : 0x647a);
  const { kem } = kems[kemId as keyof typeof kems];
  const seed = inputs.seeds.find((share) => share.kem === kemId)?.seed as Buffer;
  const share = kem.keygen(seed).publicKey;
  const { cipherText: encapsulated, sharedSecret } = kem.encapsulate(share, inputs.encapsulation);
  const hpkeInfo = join(tag('wire-secret'), t1);
  const hpke = hpkeKeys(kemId, sharedSecret, hpkeInfo);
  const sealedSecret = gcm(hpke.key, hpke.nonce).encrypt(inputs.secret);
  const parameters = toBinary(
    ServerParametersSchema,
    create(ServerParametersSchema, {
      magic: 0x01505741,
      keyBits,
      sessionId: inputs.sessionId,
      kem: kemId,
      encapsulated,
      sealedSecret,
    }),
  );
  const t2 = h('wire-parameters', t1, parameters);
  const hs = Buffer.from(extract(sha256, inputs.secret, t2));

  const signer = identityKey(inputs.identitySeed);
  const signing = lies.signerSeed === undefined ? signer : identityKey(lies.signerSeed);
  const identity = toBinary(
    ServerIdentitySchema,
    create(ServerIdentitySchema, {
      magic: 0x01495741,
      key: create(PublicKeySchema, { suite: 1, key: signer.publicKey }),
      rotations: [...inputs.rotations],
      lifetimeMs: BigInt(inputs.lifetimeMs),
      idleMs: BigInt(inputs.idleMs),
      bytesMax: BigInt(inputs.bytesMax),
    }),
  );
  const t3 = h('wire-identity', t2, identity);
  const signatureMessage = create(SignatureSchema, {
    suite: 1,
    fingerprint: signer.fingerprint,
    signature: signing.sign(lies.purpose ?? 'atedb/v1/wire', t3),
  });
  const t4 = h('wire-signature', t3, toBinary(SignatureSchema, signatureMessage));
  const serverFinishedKey = expanded(hs, 32, 'wire-server-finished');
  const serverMac = lies.mac ?? Buffer.from(hmac(sha256, serverFinishedKey, t4));
  const t5 = h('wire-finished', t4, serverMac);
  const proof = toBinary(
    ServerProofSchema,
    create(ServerProofSchema, {
      magic: 0x01565741,
      identity,
      signature: signatureMessage,
      finished: serverMac,
    }),
  );
  const proofKey = expanded(hs, keyBits / 8, 'wire-proof-key');
  const sealedProof = gcm(proofKey, new Uint8Array(12), t2).encrypt(proof);
  const serverHello = toBinary(
    ServerHelloSchema,
    create(ServerHelloSchema, { parameters, sealedProof }),
  );

  const clientFinishedKey = expanded(hs, 32, 'wire-client-finished');
  const clientMac = Buffer.from(hmac(sha256, clientFinishedKey, t5));
  const clientFinished = toBinary(
    ClientFinishedSchema,
    create(ClientFinishedSchema, { magic: 0x01465741, finished: clientMac }),
  );
  const master = expanded(hs, 32, 'wire-master', t5);
  return {
    ...{ clientHello, t1, keyBits, kem: kemId },
    ...{ kemSharedSecret: sharedSecret, hpkeInfo, hpkeKey: hpke.key, hpkeNonce: hpke.nonce },
    ...{ parameters, t2, hs, t3, t4, serverFinishedKey, serverMac, t5, proof, proofKey },
    ...{ serverHello, clientFinishedKey, clientMac, clientFinished, master },
    clientRoot: expanded(master, 32, 'wire-client-root'),
    serverRoot: expanded(master, 32, 'wire-server-root'),
    exporter: expanded(master, 32, 'wire-exporter'),
  };
}

/** HPKE's key schedule (RFC 9180, 5.1) in base mode, with HKDF-SHA256 and AES-256-GCM. */
function hpkeKeys(kemId: number, sharedSecret: Uint8Array, info: Uint8Array) {
  const suite = join(ascii('HPKE'), Buffer.of(kemId >> 8, kemId & 0xff, 0, 1, 0, 2));
  const labeled = (name: string, bytes: Uint8Array) =>
    join(ascii('HPKE-v1'), suite, ascii(name), bytes);
  const nothing = new Uint8Array(0);
  const context = join(
    Buffer.of(0),
    extract(sha256, labeled('psk_id_hash', nothing), nothing),
    extract(sha256, labeled('info_hash', info), nothing),
  );
  const secret = extract(sha256, labeled('secret', nothing), sharedSecret);
  const key = (name: string, length: number) =>
    expand(sha256, secret, join(Buffer.of(0, length), labeled(name, context)), length);
  return { key: key('key', 32), nonce: key('base_nonce', 12) };
}

/** The composite of ML-DSA-65 and Ed25519 (draft-ietf-lamps-pq-composite-sigs), and the fingerprint of docs/format.md. */
export function identityKey(seed: Buffer) {
  const label = ascii('COMPSIG-MLDSA65-Ed25519-SHA512');
  const mldsa = ml_dsa65.keygen(seed.subarray(0, 32));
  const edSeed = seed.subarray(32);
  const publicKey = join(mldsa.publicKey, ed25519.getPublicKey(edSeed));
  return {
    publicKey,
    fingerprint: h('key', Buffer.of(1), publicKey, Buffer.of(0)),
    sign: (purpose: string, message: Uint8Array) => {
      const prefix = ascii('CompositeAlgorithmSignatures2025');
      const context = join(Buffer.of(purpose.length), ascii(purpose));
      const signed = join(prefix, label, context, sha512(message));
      return join(
        ml_dsa65.sign(signed, mldsa.secretKey, { context: label, extraEntropy: false }),
        ed25519.sign(signed, edSeed),
      );
    },
  };
}

/** The values of a call, with those of its frames that are asked for. */
export function callValues(
  { clientRoot, serverRoot, keyBits }: HandshakeValues,
  sessionId: Buffer,
  { call, clientRandom, serverRandom, frames }: CallInputs,
) {
  const secrets = {
    client: expanded(clientRoot, 32, 'wire-call', u64(call), clientRandom),
    server: expanded(serverRoot, 32, 'wire-call', u64(call), clientRandom, serverRandom),
  };
  return {
    ...{ call, clientRandom, serverRandom },
    clientSecret: secrets.client,
    serverSecret: secrets.server,
    frames: frames.map((frame) => {
      const { sender, index, type, payload } = frame;
      let secret = secrets[sender];
      for (let step = 0; step < Math.floor(index / 1_024); step += 1) {
        secret = expanded(secret, 32, 'wire-ratchet');
      }
      const key = expanded(secret, keyBits / 8, 'wire-key');
      const nonce = join(Buffer.alloc(4), u64(index));
      const direction = Buffer.of(sender === 'client' ? 0 : 1);
      const aad = join(sessionId, u64(call), direction, u64(index), Buffer.of(type));
      const ciphertext = gcm(key, nonce, aad).encrypt(payload);
      const isFirst = index === 0;
      const message =
        sender === 'client'
          ? toBinary(
              CallRequestSchema,
              create(CallRequestSchema, {
                ...(isFirst ? { sessionId, call: BigInt(call), random: clientRandom } : {}),
                ...{ type, ciphertext },
              }),
            )
          : toBinary(
              CallResponseSchema,
              create(CallResponseSchema, {
                ...(isFirst ? { random: serverRandom } : {}),
                ...{ type, ciphertext },
              }),
            );
      return { ...frame, key, nonce, aad, message };
    }),
  };
}
