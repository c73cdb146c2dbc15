import { peerNamed } from '../peers/index.ts';
import { runPeer } from '../peers/run-peer.ts';
import { type ScaleName, scales } from '../scale.ts';
import { tellParent } from './tell-parent.ts';

// The clients of one peer, as a process of their own.

const [name = '', scale = '', folder = ''] = process.argv.slice(2);
const peer = peerNamed(name);
if (peer === undefined) throw new Error(`there is no peer ${name}`);
tellParent(await runPeer(peer, { scale: scales[scale as ScaleName], folder }));
