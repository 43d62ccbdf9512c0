/**
 * Chance, as something that is handed in.
 */

export interface Random {
  /** A whole number, 0 <= n < bound, each as likely. */
  integerBelow(bound: number): number;
  /** Fresh bytes, good enough for identifiers that must never collide. */
  bytes(length: number): Uint8Array;
}
