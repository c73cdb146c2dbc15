import { type Batch, eventMarks, layoutOf, layoutStride } from '../event/index.ts';

/** Whether who may write which object may be another after a batch than before it. */
export function changesRights(batch: Batch): boolean {
  for (let index = 0; index < batch.count; index += 1) {
    const saysSo = (batch.marksOf(index) & eventMarks.authority) !== 0;
    // A child is its parent's as soon as it is there; without one, data changes nothing.
    const hasParent = batch.layout[index * layoutStride + layoutOf.parentStart] !== 0;
    if (saysSo || hasParent || batch.kindOf(index) !== 'data') return true;
  }
  return false;
}
