import { actInvalid } from './act-invalid.ts';
import { roleNameBytesMax } from './limits.ts';

/** The roles that each group has, the highest first: who has one has those behind it, too. Others are beside `observer`. */
export const groupRoles = ['owner', 'delegate', 'contributor', 'observer'] as const;

const namePattern = new RegExp(`^[a-z][a-z0-9-]{0,${roleNameBytesMax - 1}}$`);

/** Refuse what is no role's name. @throws AtedbError ACT_INVALID. */
export function checkRoleName(name: string): void {
  if (namePattern.test(name)) return;
  throw actInvalid(
    `${JSON.stringify(name)} is no name of a role: 1 to ${roleNameBytesMax} of a-z, 0-9 and "-", a letter first`,
  );
}

/** The role just above another one; undefined: it is the highest. */
export function roleAbove(name: string): string | undefined {
  const index = (groupRoles as readonly string[]).indexOf(name);
  return index === -1 ? 'contributor' : groupRoles[index - 1];
}

/** Whether somebody who has one role has another one, too. */
export function includesRole(had: string, wanted: string): boolean {
  for (let at: string | undefined = wanted; at !== undefined; at = roleAbove(at)) {
    if (at === had) return true;
  }
  return false;
}
