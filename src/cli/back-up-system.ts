import { chainFolder } from '../chain/index.ts';
import { authChainKey } from '../event/index.ts';
import { backupLog, RealStorage } from '../log/index.ts';
import { copySystemFiles } from './system-files.ts';

/**
 * Copy what a server itself keeps, once it has ended: its keys, and the chain of its accounts.
 *
 * @throws AtedbError as `backupLog`.
 */
export async function backUpSystem(logsPath: string, target: string): Promise<void> {
  await copySystemFiles(logsPath, target, { replaces: true });
  const [from, to] = [chainFolder(logsPath, authChainKey), chainFolder(target, authChainKey)];
  await backupLog({ storage: new RealStorage(), from, to, top: target });
}
