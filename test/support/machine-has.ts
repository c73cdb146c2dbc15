/** Something that a machine may or may not have, and some tests need. */
export interface TestNeed {
  readonly isThere: boolean;
  /** What it is, or what is done with it: "OpenSSL 3". */
  readonly what: string;
  /** How to have it, as an order: "install the package openssl". */
  readonly remedy: string;
}

/** Whether `CI` is set, as systems for continuous integration do. */
export function isCi(environment: NodeJS.ProcessEnv = process.env): boolean {
  return !['', '0', 'false'].includes(environment.CI ?? '');
}

/**
 * Whether a machine has what some tests need. Where it hasn't, they are to be skipped, and this says so.
 *
 * @throws Error where `CI` is set: a check that is left out there would be missed by nobody.
 */
export function machineHas(
  { isThere, what, remedy }: TestNeed,
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  if (isThere) return true;
  if (isCi(environment)) {
    throw new Error(
      `CI is set, so that no test may be skipped, and this machine has not what some need: ${what}. To have it, ${remedy}`,
    );
  }
  process.stderr.write(
    `skipped, since this machine does without: ${what}. To have it, ${remedy}\n`,
  );
  return false;
}
