/** Send the one message of a process that was started to measure something, and let it end. */
export function tellParent(result: unknown): void {
  process.send?.(result, undefined, undefined, () => process.disconnect?.());
}
