import type { ProvenContradiction } from '../proof/index.ts';
import { block } from './proof-words.ts';
import { countOf, isoTime, safeText } from './safe-text.ts';

const contradictions: Record<ProvenContradiction['kind'], string> = {
  two_histories: 'these are of two histories: no tree of so many commits has both roots',
  rollback: 'it signed that there was less than it had signed before',
};

/** What evidence shows and what it doesn't, in words, ended by a newline. */
export function evidenceWords(proven: ProvenContradiction): string {
  const { kind, chainId, genesis, identity, isOfGenesis, heads } = proven;
  const key = genesis === undefined ? '' : ` ${safeText(genesis.chainKey.text)}`;
  const whose = isOfGenesis ? ', which the genesis names' : '';
  const shown = [
    `it is of the chain${key} whose id is ${chainId.toString('hex')}`,
    `the server ${identity.fingerprintHex}${whose} has signed two of its heads`,
    ...heads.map(
      ({ head, timeUnixS }) =>
        `at ${timeOf(timeUnixS)} by its clock: ${countOf(head.size, 'commit')} with the root ${head.root.toString('hex')}`,
    ),
    contradictions[kind],
  ];
  return `${block('proven', shown)}${block('not shown', notShown(proven))}`;
}

/** The same, as one line of JSON. */
export function evidenceJson(proven: ProvenContradiction): string {
  const { kind, chainId, genesis, identity, isOfGenesis, heads } = proven;
  // `undefined` is left out by JSON.stringify.
  return JSON.stringify({
    verdict: 'proven',
    contradiction: kind,
    chainId: chainId.toString('hex'),
    chainKey: genesis?.chainKey.text,
    server: identity.fingerprintHex,
    serverIsOfGenesis: isOfGenesis,
    heads: heads.map(({ head, timeUnixS }) => ({
      size: head.size,
      root: head.root.toString('hex'),
      time: timeOf(timeUnixS),
    })),
  });
}

function notShown({ kind, isOfGenesis, genesis }: ProvenContradiction): string[] {
  return [
    ...(isOfGenesis
      ? []
      : ['whose server that is: compare its fingerprint with the one that you know']),
    ...(genesis === undefined ? ["the chain's key, since the file has no genesis"] : []),
    ...(kind === 'rollback'
      ? [
          'why: an honest server does so, too, that was restored from an older backup, or whose chain lost batches in a repair',
        ]
      : []),
    'what else the file says, such as when and where it was met: nothing signs that',
  ];
}

function timeOf(unixS: number): string {
  return isoTime(unixS * 1_000);
}
