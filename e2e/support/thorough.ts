/** Tests with this tag take long, and say what others nearly say: `npm run verify` runs them, `npm test` does not. */
export const THOROUGH = "@thorough";
