/** Where all chance comes from: the system's in production, seeded in tests. */
export interface Random {
  /** A whole number from 0 to 2^32 - 1, each equally likely. */
  nextUint32(): number;
}
