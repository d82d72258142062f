/** Work that goes on when its request is over, at most until its site ends. */
export interface Unattended {
  /** Nothing half done stays. */
  stop(): void;
}
