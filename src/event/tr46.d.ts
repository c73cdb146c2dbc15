declare module 'tr46' {
  /** UTS 46, 4.2. @returns null where the name is none. */
  export function toASCII(
    name: string,
    options: {
      readonly checkHyphens: boolean;
      readonly checkBidi: boolean;
      readonly checkJoiners: boolean;
      readonly useSTD3ASCIIRules: boolean;
      readonly verifyDNSLength: boolean;
      readonly transitionalProcessing: boolean;
      readonly ignoreInvalidPunycode: boolean;
    },
  ): string | null;
}
