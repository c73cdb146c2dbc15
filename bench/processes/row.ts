import { rowNamed } from '../rows/index.ts';
import { runRow } from '../run-row.ts';
import { type ScaleName, scales } from '../scale.ts';
import { tellParent } from './tell-parent.ts';

// The client of one row, as a process of its own, so that no row runs on code that another has warmed up.

const [name = '', scale = '', folder = '', profileFolder] = process.argv.slice(2);
const row = rowNamed(name);
if (row === undefined) throw new Error(`there is no row ${name}`);
tellParent(await runRow(row, { scale: scales[scale as ScaleName], folder, profileFolder }));
