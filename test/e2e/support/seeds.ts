// Knows what the tests by chance begin with, and how much of it there is: the same in every run, unless it is asked
// for otherwise.

/** SEED chooses another one. */
export const seed = Number(process.env['SEED'] ?? 20_260_601);

/** SHARE=10 makes ten times as many cases as usual. */
export const share = Number(process.env['SHARE'] ?? 1);
