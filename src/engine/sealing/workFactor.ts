/** Of what is encrypted here: 2^18 rounds of scrypt, as age takes them, are 256 MiB and about a second for each file and each guess. */
export const WORK_FACTOR = 18;
