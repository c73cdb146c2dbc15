import { connect } from 'node:http2';
import { setTimeout } from 'node:timers/promises';
import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { Client, credentials } from '@grpc/grpc-js';
import { service as servedHealth } from 'grpc-health-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { file_atedb_v1_chain } from '../../gen/atedb/v1/chain_pb.js';
import { file_google_rpc_error_details } from '../../gen/google/rpc/error_details_pb.js';
import { Health } from '../../gen/grpc/health/v1/health_pb.js';
import { connectionWindowBytes } from './flow-control.ts';
import { listenForGrpc, makeGrpcServer } from './grpc-server.ts';
import { completeLimits } from './limits.ts';
import { addReflection } from './reflection.ts';

const bytes = (message: Buffer) => message;

/** Fields of `ServerReflectionRequest`. */
const fileByName = 3;
const fileContainingSymbol = 4;
const listServices = 7;

let address: string;
let client: Client;
let stop: () => Promise<void>;

beforeAll(async () => {
  const warn = vi.spyOn(console, 'warn');
  const server = makeGrpcServer(completeLimits({ streamsMax: 10 }));
  addReflection(server, [file_atedb_v1_chain, file_google_rpc_error_details]);
  const listeners = await listenForGrpc(server, {
    listen: ['127.0.0.1'],
    port: 0,
    connectionsMax: 10,
  });
  address = listeners.addresses[0] ?? '';
  client = new Client(address, credentials.createInsecure());
  stop = async () => {
    client.close();
    server.forceShutdown();
    await listeners.close();
  };
  // The library prints references that it can't resolve.
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

afterAll(() => stop());

/** Ask one question, and return the answer's fields by number, the nested message's for a choice of them. */
async function ask(version: string, field: number, value: string): Promise<Map<number, Buffer[]>> {
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const stream = client.makeBidiStreamRequest(path, bytes, bytes);
  const request = new BinaryWriter().tag(field, 2).string(value).finish();
  stream.end(Buffer.from(request));
  const answers: Buffer[] = [];
  for await (const answer of stream) answers.push(answer);
  return fieldsOf(answers[0] ?? Buffer.alloc(0));
}

function fieldsOf(message: Buffer): Map<number, Buffer[]> {
  const fields = new Map<number, Buffer[]>();
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType !== 2) {
      reader.skip(wireType, field);
      continue;
    }
    fields.set(field, [...(fields.get(field) ?? []), Buffer.from(reader.bytes())]);
  }
  return fields;
}

/** The files of an answer, `FileDescriptorResponse` in field 4. */
async function filesOf(version: string, field: number, value: string) {
  const [response] = (await ask(version, field, value)).get(4) ?? [];
  if (response === undefined) throw new Error(`${value} was not found`);
  return (fieldsOf(response).get(1) ?? []).map((file) =>
    fromBinary(FileDescriptorProtoSchema, file),
  );
}

describe.each(['v1', 'v1alpha'])('reflection %s', (version) => {
  test('lists the services', async () => {
    const [response] = (await ask(version, listServices, '*')).get(6) ?? [];
    const services = fieldsOf(response ?? Buffer.alloc(0)).get(1) ?? [];
    expect(services.map((service) => fieldsOf(service).get(1)?.toString())).toEqual([
      'atedb.v1.ChainService',
      'grpc.health.v1.Health',
    ]);
  });

  test.each([
    ['atedb.v1.ChainService', 'atedb/v1/chain.proto'],
    ['atedb.v1.ChainService.Subscribe', 'atedb/v1/chain.proto'],
    ['atedb.v1.SealHeader', 'atedb/v1/event.proto'],
    ['atedb.v1.LogSegment', 'atedb/v1/log.proto'],
    ['atedb.v1.ErrorReason', 'atedb/v1/errors.proto'],
    ['google.rpc.ErrorInfo', 'google/rpc/error_details.proto'],
    ['grpc.health.v1.Health', 'grpc/health/v1/health.proto'],
  ])('finds %s, with all that it needs', async (symbol, name) => {
    const files = new Map<string, FileDescriptorProto>();
    for (const file of await filesOf(version, fileContainingSymbol, symbol)) {
      files.set(file.name, file);
    }
    expect([...files.keys()][0]).toBe(name);
    // As tools do: what is imported and wasn't sent is asked for by its name. Imports come first in a set.
    const file: FileDescriptorProto[] = [];
    const add = async (wanted: string): Promise<void> => {
      if (file.some((added) => added.name === wanted)) return;
      const found = files.get(wanted) ?? (await filesOf(version, fileByName, wanted))[0];
      if (found === undefined) throw new Error(`${wanted} was not found`);
      for (const imported of found.dependency) await add(imported);
      file.push(found);
    };
    await add(name);
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
    expect(registry.get(symbol.replace(/\.Subscribe$/, ''))).toBeDefined();
  });
});

test('whoever asks without taking the answers is not asked for more questions', async () => {
  const session = connect(`http://${address}`, { settings: { initialWindowSize: 0 } });
  session.on('error', () => {});
  const asking = session.request({
    ':method': 'POST',
    ':path': '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  asking.on('error', () => {});
  const question = new BinaryWriter().tag(fileContainingSymbol, 2).string('x'.repeat(1_000));
  const message = Buffer.concat([Buffer.alloc(5), question.finish()]);
  message.writeUInt32BE(message.length - 5, 1);
  const messages = Buffer.concat(Array.from({ length: 64 }, () => message));
  let bytesTaken = 0;
  const askOn = (error?: Error | null) => {
    if (error) return;
    bytesTaken += messages.length;
    asking.write(messages, askOn);
  };
  askOn();
  await setTimeout(1_000);
  // No more than the windows hold.
  expect(bytesTaken).toBeLessThan(connectionWindowBytes);
  session.destroy();
});

test('the health service that is described is the one that is served', () => {
  expect(Health.methods.map(({ name }) => `/${Health.typeName}/${name}`).sort()).toEqual(
    Object.values(servedHealth)
      .map(({ path }) => path)
      .sort(),
  );
});
