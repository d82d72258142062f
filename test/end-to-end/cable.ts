import { spawnSync } from 'node:child_process';
import type { Program } from './program.ts';

const PROBE = ['--net', 'ip', 'link', 'add', 'sluice0', 'type', 'veth', 'peer', 'name', 'sluice1'];

/** Why networks cannot be made here; `undefined` where they can. */
export const whyNoCables: string | undefined = reasonAgainst();

/** A cable between two programs that are apart, and the address at each end. */
export class Cable {
  /** Where `a` and `b` are on this cable. */
  readonly aAddress: string;
  readonly bAddress: string;
  readonly #b: Program;
  readonly #name: string;

  /** `number`: of this cable, so that two at one program differ. */
  constructor(a: Program, b: Program, number: number) {
    this.#b = b;
    this.#name = `sluice${number}`;
    this.aAddress = `10.99.${number}.1`;
    this.bAddress = `10.99.${number}.2`;
    const hardware = `02:00:00:00:${number.toString(16).padStart(2, '0')}:02`;
    const ends = [`netns ${a.pid} type veth peer name`, `address ${hardware} netns ${b.pid}`];
    run(`ip link add name ${this.#name} ${ends[0]} ${this.#name} ${ends[1]}`);
    within(a, `ip addr add ${this.aAddress}/24 dev ${this.#name}`);
    within(b, `ip addr add ${this.bAddress}/24 dev ${this.#name}`);
    within(a, `ip link set dev ${this.#name} up`);
    within(b, `ip link set dev ${this.#name} up`);
    // Known for good: else a's system would soon say itself that b cannot be reached.
    const neighbour = `${this.bAddress} lladdr ${hardware} dev ${this.#name}`;
    within(a, `ip neigh replace ${neighbour} nud permanent`);
  }

  /** From now on all that `a` sends is lost, and it is not told. */
  cut(): void {
    within(this.#b, `ip link set dev ${this.#name} down`);
  }

  mend(): void {
    within(this.#b, `ip link set dev ${this.#name} up`);
  }
}

function reasonAgainst(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has network namespaces';
  if (process.getuid?.() !== 0) return 'only root makes network namespaces';
  for (const tool of ['ip', 'unshare', 'nsenter']) {
    if (spawnSync(tool, ['-V']).error !== undefined) return `there is no program ${tool}`;
  }
  const { status, stderr } = spawnSync('unshare', PROBE, { encoding: 'utf8' });
  return status === 0 ? undefined : `no network of one's own: ${stderr.trim()}`;
}

function within({ pid }: Program, command: string): void {
  run(`nsenter --net --target ${pid} ${command}`);
}

function run(command: string): void {
  const [file = '', ...args] = command.split(' ');
  const { status, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}
