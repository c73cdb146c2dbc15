import { join } from 'node:path';
import { keepBundled } from '../../scripts/bundle.ts';
import { builtFolder } from '../command.ts';

// Tests start commands as they are installed, and servers beside them: from their sources they take twice as long to load.

export default async function buildCommands(): Promise<void> {
  await keepBundled(builtFolder, {
    'server-process': join(import.meta.dirname, 'server-process.ts'),
  });
}
