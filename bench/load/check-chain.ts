import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ChainService,
  DescribeChainRequestSchema,
  type DescribeChainResponse,
  DescribeChainResponseSchema,
} from '../../gen/atedb/v1/chain_pb.js';
import { bytesMethod } from '../floors/bytes-method.ts';
import { RawClient } from './raw-client.ts';

const { describeChain } = ChainService.method;
const method = bytesMethod({
  path: `/${describeChain.parent.typeName}/${describeChain.name}`,
  requestStream: false,
});

/** What the server says of a chain. */
export async function describe(server: string, chainKey: string): Promise<DescribeChainResponse> {
  const client = new RawClient(server);
  try {
    const request = create(DescribeChainRequestSchema, { chainKey });
    let answer: Buffer = Buffer.alloc(0);
    await client.receive(
      method,
      Buffer.from(toBinary(DescribeChainRequestSchema, request)),
      (message) => {
        answer = message;
        return false;
      },
    );
    return fromBinary(DescribeChainResponseSchema, answer);
  } finally {
    client.close();
  }
}

/** Fail unless a chain has exactly so many events. */
export async function checkEvents(server: string, chainKey: string, events: number): Promise<void> {
  const { nextSequence } = await describe(server, chainKey);
  if (nextSequence === BigInt(events)) return;
  throw new Error(`${chainKey} has ${nextSequence} events, and ${events} were appended`);
}
