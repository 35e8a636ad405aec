/** The machines that take stages from one queue. */
export interface Hosts {
  /** This one. */
  readonly here: string;
  /** The others that ask for work now. */
  others(): Promise<readonly string[]>;
}
