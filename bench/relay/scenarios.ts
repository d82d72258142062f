/** One kind of load. */
export type Scenario = {
  readonly name: string;
  readonly title: string;
  readonly connections: number;
  /** 0: as many bytes as go, one way. */
  readonly messageBytes: number;
};

export const SCENARIOS: readonly Scenario[] = [
  { name: 'bulk1', title: 'one connection, one way', connections: 1, messageBytes: 0 },
  { name: 'bulk8', title: '8 connections, one way', connections: 8, messageBytes: 0 },
  {
    name: 'pingpong',
    title: '1 KiB there and back, 64 connections',
    connections: 64,
    messageBytes: 1024,
  },
];
