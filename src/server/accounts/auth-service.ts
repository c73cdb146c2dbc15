import type { AuthService } from '../../../gen/atedb/v1/auth_pb.js';
import type { Methods } from '../method.ts';
import { getActs, submitAct } from './acts.ts';
import type { AuthServiceDeps } from './deps.ts';
import { createGroup, getGroup, listGroups } from './groups.ts';
import { login } from './login.ts';
import { recover } from './recover.ts';
import { createUser, describeAuth, sendCode, verifyUser } from './sign-up.ts';
import { Talks } from './talks.ts';

/** The methods of `atedb.v1.AuthService`. */
export function authService(deps: AuthServiceDeps): Methods<typeof AuthService> {
  const talks = new Talks();
  return {
    describeAuth: describeAuth(deps),
    createUser: createUser(deps),
    verifyUser: verifyUser(deps),
    sendCode: sendCode(deps),
    login: talks.limited(login(deps)),
    recover: talks.limited(recover(deps)),
    submitAct: submitAct(deps),
    createGroup: createGroup(deps),
    getGroup: talks.limited(getGroup(deps)),
    listGroups: talks.limited(listGroups(deps)),
    getActs: getActs(deps),
  };
}
