import { timerOperation } from '../../core/operations.ts';
import type { ConnectionStage } from '../../http/server-connection.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import type { SiteCounters } from '../engine/site-counters.ts';
import type { VariableTable } from '../engine/variables.ts';
import type { Verdict } from '../engine/verdict.ts';
import type { SharedCounters } from '../shared/shared-counters.ts';

const KEY = Symbol('stub status');
/** How long other processes may see what connections were doing before. */
const PUBLISH_MS = 50;

const count =
  (stage: ConnectionStage) =>
  ({ site }: Request): string =>
    String(statusOf(site)[stage]);

const VARIABLES: VariableTable = {
  connections_active: ({ site }) => String(statusOf(site).active),
  connections_reading: count('reading'),
  connections_writing: count('writing'),
  connections_waiting: count('waiting'),
};

/** `stub_status`: how many connections there are, and what they are doing. */
export const stubStatusModule: HttpModule = {
  name: 'stub status',
  variables: VARIABLES,
  location: (location, site) => {
    if (!location.conf.stubStatus) return;
    location.handler = answer;
    site.parts.set(KEY, undefined);
  },
  settled: (site) => {
    const isAsked = Object.keys(VARIABLES).some((name) => site.variables.used.has(name));
    if (!isAsked && !site.parts.has(KEY)) return;
    const shared = site.zones.counters();
    if (shared !== undefined) site.counters = new Publisher(site, shared);
  },
};

type Stages = Record<ConnectionStage, number>;
type Status = Stages & {
  readonly active: number;
  readonly accepted: number;
  readonly requests: number;
};

/** Tells other processes what this one has; of its own connections it knows it better. */
class Publisher implements SiteCounters {
  readonly #site: Site;
  readonly #shared: SharedCounters;
  /** It is of no importance: no process goes on for its sake. */
  readonly #timer = timerOperation(({ status }) => {
    if (status === 'done') this.#publish();
  });

  constructor(site: Site, shared: SharedCounters) {
    this.#site = site;
    this.#shared = shared;
    this.#timer.background = true;
    site.atEnd.push(() => site.port.cancel(this.#timer));
  }

  get others(): SharedCounters['others'] {
    return this.#shared.others;
  }

  opened(): void {
    this.#shared.accepted();
    this.closed();
  }

  closed(): void {
    this.#shared.active = this.#site.connections.size;
    this.#publishSoon();
  }

  asked(): void {
    this.#shared.asked();
    this.#publishSoon();
  }

  #publishSoon(): void {
    if (this.#timer.status === 'pending') return;
    const { port } = this.#site;
    this.#timer.atMs = port.loop.turnMs + PUBLISH_MS;
    port.submit(this.#timer);
  }

  #publish(): void {
    const { reading, writing } = stagesOf(this.#site);
    this.#shared.doing(reading, writing);
    // Those that only wait do nothing that nobody is told of.
    if (reading + writing > 0) this.#publishSoon();
  }
}

/** Connections are looked at when somebody asks: they need not be counted meanwhile. */
function stagesOf({ connections }: Site): Stages {
  const stages: Stages = { reading: 0, writing: 0, waiting: 0 };
  for (const { stage } of connections.all()) stages[stage] += 1;
  return stages;
}

function statusOf(site: Site): Status {
  const { accepted, requests, connections, counters } = site;
  const own = { ...stagesOf(site), active: connections.size, accepted, requests };
  if (!(counters instanceof Publisher)) return own;
  const { others } = counters;
  const busy = others.reading + others.writing;
  return {
    active: own.active + others.active,
    accepted: own.accepted + others.accepted,
    requests: own.requests + others.requests,
    reading: own.reading + others.reading,
    writing: own.writing + others.writing,
    waiting: own.waiting + Math.max(0, others.active - busy),
  };
}

function answer(request: Request): Verdict {
  const { method, site } = request;
  if (method !== 'GET' && method !== 'HEAD') return 405;
  const { active, accepted, requests, reading, writing, waiting } = statusOf(site);
  return request.reply(
    200,
    'text/plain',
    `Active connections: ${active} \n` +
      'server accepts handled requests\n' +
      ` ${accepted} ${accepted} ${requests} \n` +
      `Reading: ${reading} Writing: ${writing} Waiting: ${waiting} \n`,
  );
}
