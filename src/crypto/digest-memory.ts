/** Of SHA-256. */
const digestBytes = 32;

/** Digests that share memory. A digest that is kept keeps those beside it, so they are few. */
const digestsTogether = 64;

let memory = Buffer.alloc(0);
let filled = 0;

/**
 * A 32-byte digest as bytes, from text with one character a byte. OpenSSL's digests come from Node as text at a third of what
 * it costs as bytes: those are an allocation each, which the collector has to know.
 */
export function digestFrom(text: string): Buffer {
  if (filled === memory.length) {
    memory = Buffer.allocUnsafeSlow(digestsTogether * digestBytes);
    filled = 0;
  }
  const digest = memory.subarray(filled, filled + digestBytes);
  memory.write(text, filled, 'latin1');
  filled += digestBytes;
  return digest;
}
