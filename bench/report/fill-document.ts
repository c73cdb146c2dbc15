/** What stands around the figures of a run in a document. */
const beginMark = '<!-- figures: npm run bench -- table RUN.json THIS.md -->';
const endMark = '<!-- end of figures -->';

/** Put a report between the marks of a document. @throws Error where they aren't there, once and in order. */
export function fillDocument(document: string, report: string): string {
  const [before = '', inside, ...more] = document.split(beginMark);
  const after = inside?.split(endMark);
  if (more.length > 0 || after?.length !== 2) {
    throw new Error(`the document must have "${beginMark}" and "${endMark}", once each`);
  }
  return `${before}${beginMark}\n\n${report}\n\n${endMark}${after[1]}`;
}
