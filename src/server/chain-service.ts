import type { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import type { Methods } from './method.ts';
import { append } from './methods/append.ts';
import { appendBatch } from './methods/append-batch.ts';
import { deleteChain } from './methods/delete-chain.ts';
import type { ChainServiceDeps } from './methods/deps.ts';
import { describeChain } from './methods/describe-chain.ts';
import { getEvent } from './methods/get-event.ts';
import { getKeys } from './methods/get-keys.ts';
import { getProof } from './methods/get-proof.ts';
import { getTicket } from './methods/get-ticket.ts';
import { listChains } from './methods/list-chains.ts';
import { listChildren } from './methods/list-children.ts';
import { loadData } from './methods/load-data.ts';
import { lock } from './methods/lock.ts';
import { openChain } from './methods/open-chain.ts';
import { readEvents } from './methods/read-events.ts';
import { subscribe } from './methods/subscribe.ts';

export type { ChainServiceDeps } from './methods/deps.ts';

/** The methods of `atedb.v1.ChainService`, a file each. */
export function chainService(deps: ChainServiceDeps): Methods<typeof ChainService> {
  return {
    openChain: openChain(deps),
    getTicket: getTicket(deps),
    describeChain: describeChain(deps),
    listChains: listChains(deps),
    append: append(deps),
    appendBatch: appendBatch(deps),
    subscribe: subscribe(deps),
    readEvents: readEvents(deps),
    getEvent: getEvent(deps),
    listChildren: listChildren(deps),
    loadData: loadData(deps),
    getKeys: getKeys(deps),
    lock: lock(deps),
    deleteChain: deleteChain(deps),
    getProof: getProof(deps),
  };
}
