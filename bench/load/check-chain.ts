import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ChainService,
  DescribeChainRequestSchema,
  type DescribeChainResponse,
  DescribeChainResponseSchema,
} from '../../gen/atedb/v1/chain_pb.js';
import { RawClient } from './raw-client.ts';

const { describeChain } = ChainService.method;
const path = `/${describeChain.parent.typeName}/${describeChain.name}`;

/** What the server says of a chain. */
export async function describe(server: string, chainKey: string): Promise<DescribeChainResponse> {
  const client = new RawClient(server);
  try {
    const request = create(DescribeChainRequestSchema, { chainKey });
    const bytes = Buffer.from(toBinary(DescribeChainRequestSchema, request));
    return fromBinary(DescribeChainResponseSchema, await client.call(path, bytes));
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
