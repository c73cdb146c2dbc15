import {
  chainFlags,
  isOn,
  parseCount,
  readChainFlag,
  switchFlag,
  valueFlag,
} from './chain-flags.ts';
import { UsageError } from './errors.ts';
import type { ParsedArguments } from './flags.ts';
import type { PrintSettings } from './print-events.ts';

/** The flags of the commands that print events. */
export const printFlags = {
  limit: valueFlag('limit', 'End after printing so many events', parseCount),
  chainId: chainFlags.chainId,
  json: switchFlag(
    'json',
    'Print JSON, an object a line, of events of all kinds: {"sequence","key","kind","type","time","data"}; data is in ' +
      'base64',
  ),
  text: switchFlag(
    'text',
    'With --json: where data is valid UTF-8, it is "text" instead of "data"',
  ),
  zeros: switchFlag('null', 'End each event with a zero byte instead of a newline', ['0']),
};

/** What they say of how to print. @throws UsageError */
export function readPrintFlags(parsed: ParsedArguments): PrintSettings {
  const json = isOn(printFlags.json, parsed);
  const text = isOn(printFlags.text, parsed);
  const zeros = isOn(printFlags.zeros, parsed);
  if (text && !json) throw new UsageError('--text is for --json: say both, or neither');
  if (zeros && json) {
    throw new UsageError('--null and --json contradict each other; leave one out');
  }
  return { json, text, zeros, limit: readChainFlag(printFlags.limit, parsed) };
}

/** What the help of these commands says of what they print. */
export const printNotes = `Into a pipe goes the data of each event, and a newline. On a terminal, control characters are
shown as escapes and binary data in hex, so that a chain can't drive the terminal. Other events
than those with data (the genesis, tombstones) are printed by --json only. What is sealed is opened
with your key; where that was not given the read key, the command says so, and ends with 11.`;
