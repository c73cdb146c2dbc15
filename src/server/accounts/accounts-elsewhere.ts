import { AuthService } from '../../../gen/atedb/v1/auth_pb.js';
import { AtedbError } from '../../bytes/index.ts';
import { type Methods, unary } from '../method.ts';

/**
 * The methods of `atedb.v1.AuthService` on a server that keeps no accounts, and asks another one who owns its chains: whoever calls is told which.
 *
 * @param address `ate://host:port`.
 */
export function accountsElsewhere(address: string): Methods<typeof AuthService> {
  const refuse = async (): Promise<never> => {
    throw new AtedbError(
      'UNSUPPORTED',
      `this server keeps no accounts and no groups: ${address} does. Call that one (atedb: --auth ${address})`,
      { metadata: { auth_server: address } },
    );
  };
  const ask = { kind: 'unary', handle: refuse } as const;
  const talk = { kind: 'bidi_streaming', handle: refuse } as const;
  return {
    describeAuth: unary(AuthService.method.describeAuth, async () => ({ authServer: address })),
    createUser: ask,
    verifyUser: ask,
    sendCode: ask,
    login: talk,
    recover: talk,
    submitAct: ask,
    createGroup: ask,
    getGroup: talk,
    listGroups: talk,
    getActs: ask,
  };
}
